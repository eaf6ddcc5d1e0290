/** Real parts for the tests: what is missing of Debian's packages is installed, and a Docker Engine runs. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync } from 'node:fs'
import { request } from 'node:http'

const ENGINE_START_MS = 60_000
const DOCKER_SOCKET = '/var/run/docker.sock'
/** What the tests drive from Debian: a package is missing when none of its files is there. */
const PACKAGES: readonly { readonly name: string; readonly files: readonly string[] }[] = [
  { name: 'docker.io', files: ['/usr/sbin/dockerd', '/usr/bin/dockerd'] },
  { name: 'busybox-static', files: ['/bin/busybox'] },
  { name: 'gcc', files: ['/usr/bin/gcc', '/usr/bin/cc'] },
  { name: 'libc6-dev', files: ['/usr/include/dlfcn.h'] },
  { name: 'awscli', files: ['/usr/bin/aws', '/usr/local/bin/aws'] },
  { name: 'openssl', files: ['/usr/bin/openssl'] },
  { name: 'docker-registry', files: ['/usr/bin/docker-registry'] },
]

/** Throws an Error that says what to do. */
export async function prepare(): Promise<void> {
  const missing = PACKAGES.filter(({ files }) => !files.some((file) => existsSync(file))).map(
    ({ name }) => name,
  )
  if (missing.length > 0) {
    const isRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
    if (!isRoot)
      throw new Error(
        `install these first (on Debian or Ubuntu: apt-get install ${missing.join(' ')})`,
      )
    console.log(`… installing ${missing.join(', ')} with apt`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', ...missing],
    ]) {
      const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
      if (status !== 0) throw new Error(`apt-get ${args[0]} failed:\n${stderr}`)
    }
  }
  if (await engineAnswers()) return
  if (process.getuid?.() !== 0)
    throw new Error('the Docker Engine does not run: start it, then run this again')
  console.log('… starting the Docker Engine')
  mkdirSync('.berth', { recursive: true })
  const log = openSync('.berth/dockerd.log', 'a')
  spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] }).unref()
  for (const end = Date.now() + ENGINE_START_MS; !(await engineAnswers()); await pause())
    if (Date.now() > end)
      throw new Error('the Docker Engine does not start: see .berth/dockerd.log')
}

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 100))

function engineAnswers(): Promise<boolean> {
  return new Promise((done) => {
    const call = request(
      { socketPath: DOCKER_SOCKET, path: '/_ping', timeout: 2000 },
      (response) => {
        response.resume()
        done(response.statusCode === 200)
      },
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => done(false))
    call.end()
  })
}
