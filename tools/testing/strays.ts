/**
 * Ends what a test run leaves behind: processes that it started, found by a mark in their environment however far they
 * went off, and what its images left on the engine. Nobody else's are touched.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The variable that marks all that a run starts (tests give their servers none that begins with BERTH_); its images have a label of the same value. */
export const MARK = 'RUN_OF_BERTH_TESTS'
export const LABEL = 'berth.test.run'
/** Servers and engines end in good order within it. */
const END_MS = 20_000
const LOOK_MS = 100

type Stray = { readonly pid: number; readonly command: string }

/** Processes of the run that still live. */
export function strays(run: string): Stray[] {
  const marked = `${MARK}=${run}\0`
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      if (!`${readFileSync(`/proc/${pid}/environ`, 'utf8')}\0`.includes(marked)) return []
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return command === '' ? [] : [{ pid, command }]
    } catch {
      // It has ended, or is another user's and so none of ours.
      return []
    }
  })
}

/** Ends them, in good order where they heed that; says which there were. */
export async function endStrays(run: string): Promise<Stray[]> {
  const found = strays(run)
  signal(found, 'SIGTERM')
  for (const end = Date.now() + END_MS; strays(run).length > 0 && Date.now() < end;)
    await new Promise((done) => setTimeout(done, LOOK_MS))
  signal(strays(run), 'SIGKILL')
  return found
}

function signal(all: readonly Stray[], name: NodeJS.Signals): void {
  for (const { pid } of all)
    try {
      process.kill(pid, name)
    } catch {
      // It ended meanwhile.
    }
}

/** Images that Berth itself makes on a host: the hello page, the pause container. */
export const ownImages = (): ReadonlySet<string> =>
  new Set(idsOf(['images', '-q', '--no-trunc', '--filter', 'label=berth.local=true']))

/** Removes from the engine what the run's images are in, what agents that were ended have left, and Berth's own images that were not there before. */
export function cleanEngine(
  run: string,
  ended: readonly Stray[],
  before: ReadonlySet<string>,
): void {
  const ours = `label=${LABEL}=${run}`
  const labels = [ours, ...installationsOf(ended).map((id) => `label=berth.installation=${id}`)]
  for (const label of labels)
    remove(['ps', '-aq', '--no-trunc', '--filter', label], ['rm', '-f', '-v'])
  remove(['images', '-q', '--no-trunc', '--filter', ours], ['rmi', '-f'])
  // One by one, and not by force: another Berth on this machine may run from one of them.
  for (const image of ownImages()) if (!before.has(image)) docker(['rmi', image])
}

/** An agent writes beside its state what its containers are labelled with. */
function installationsOf(ended: readonly Stray[]): string[] {
  return ended.flatMap(({ command }) => {
    const data = / --data (\S+)/.exec(command)?.[1] ?? ''
    return ['', 'agent']
      .map((folder) => join(data, folder, 'installation-id'))
      .filter((file) => data !== '' && existsSync(file))
      .map((file) => readFileSync(file, 'utf8').trim())
  })
}

function remove(list: readonly string[], rm: readonly string[]): void {
  const ids = idsOf(list)
  if (ids.length > 0) docker([...rm, ...ids])
}

const idsOf = (list: readonly string[]): string[] => [
  ...new Set(docker(list).split('\n').filter(Boolean)),
]

/** What the engine says; nothing where there is none any more, or what is asked for went by itself: what is left is tried at the next run's end. */
function docker(args: readonly string[]): string {
  try {
    return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
