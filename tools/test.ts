/**
 * `./berth test`: everything that says whether Berth is sound. Two lanes run side by side, one that computes and one that
 * mostly waits for containers. Installs what is missing, says each failure when it happens, shows how long each stage and
 * room took, and ends with one line of counts. `./berth test NAME…` runs stages, the
 * tests of rooms or files of test/, by their names.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs, styleText } from 'node:util'

import { patience } from '../test/patience.ts'
import { check, filesOf, type Result, tests } from './testing/commands.ts'
import { prepare } from './testing/prepare.ts'
import { cleanEngine, endStrays, MARK, ownImages } from './testing/strays.ts'

type Stage = { readonly name: string; readonly run: () => Promise<Result> }

const binary = (name: string): string => join('node_modules', '.bin', name)
const SOURCES = ['src', 'tools', 'test', 'bench']
/** Files whose tests wait for minutes to pass, and leave the processors to others meanwhile. */
const WAITING = ['test/docker/away.test.ts', 'test/docker/services.test.ts']

const computing: readonly Stage[] = [
  { name: 'types', run: () => check(binary('tsc'), ['-p', '.']) },
  { name: 'lint', run: () => check(binary('oxlint'), ['--type-aware', ...SOURCES]) },
  { name: 'format', run: () => check(binary('oxfmt'), ['--check', ...SOURCES]) },
  { name: 'house rules', run: () => check(process.execPath, ['tools/tidy.ts']) },
  { name: 'unused code', run: () => check(binary('knip'), ['--no-config-hints']) },
  { name: 'unit', run: () => tests(filesOf('src/**/*.test.ts', 'tools/**/*.test.ts'), patience) },
  { name: 'parity', run: () => tests(filesOf('test/parity/**/*.test.ts'), patience) },
]
const engine: readonly Stage[] = [
  {
    name: 'engine',
    run: () =>
      tests(
        filesOf('test/docker/**/*.test.ts').filter((file) => !WAITING.includes(file)),
        patience,
      ),
  },
]
const waiting: readonly Stage[] = [{ name: 'engine, waiting', run: () => tests(WAITING, patience) }]
const LANES = [computing, engine, waiting]

/** A room's own tests. */
const rooms: readonly Stage[] = [
  ...readdirSync('src', { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && entry.name !== 'aws' ? [join('src', entry.name)] : [],
  ),
  ...readdirSync('src/aws').map((name) => join('src/aws', name)),
].map((folder) => ({
  name: folder.split('/').at(-1) ?? folder,
  run: () => tests(filesOf(`${folder}/**/*.test.ts`), patience),
}))

/** A file of tests with real parts, by its name. */
const files: readonly Stage[] = filesOf('test/**/*.test.ts')
  .map((file) => ({ name: basename(file, '.test.ts'), run: () => tests([file], patience) }))
  // A stage of the same name has it.
  .filter(({ name }) => !LANES.flat().some((stage) => stage.name === name))

const totals = { passed: 0, failed: 0 }
const notRun = new Set<string>()

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const known = [...LANES.flat(), ...rooms, ...files]
  const unknown = positionals.find((name) => !known.some((stage) => stage.name === name))
  if (unknown !== undefined)
    throw new Error(
      `there is no stage or room '${unknown}': ${known.map(({ name }) => name).join(', ')}`,
    )
  const chosen = (stage: Stage): boolean =>
    positionals.length === 0 ||
    positionals.includes(stage.name) ||
    (positionals.includes('engine') && waiting.includes(stage))
  const lanes = [...LANES, ...(positionals.length > 0 ? [[...rooms, ...files]] : [])]
    .map((lane) => lane.filter(chosen))
    .filter((lane) => lane.length > 0)
  if (lanes.flat().some(needsEngine)) await prepare()
  imagesBefore = ownImages()
  // The engine that the machine keeps has started without the mark.
  Object.assign(process.env, {
    [MARK]: mark,
    BERTH_TEST_PATIENCE: String(patience),
    TMPDIR: folder,
  })
  if (patience > 3)
    console.log(styleText('dim', `waits are ${patience.toFixed(1)} times as long as usual here`))
  await Promise.all(lanes.map(runLane))
}

const needsEngine = (stage: Stage): boolean => !rooms.includes(stage)

async function runLane(stages: readonly Stage[]): Promise<void> {
  for (const { name, run } of stages) {
    const begin = Date.now()
    console.log(styleText('dim', `… ${name}`))
    const { passed, failed, seconds = {}, notRun: left = [] } = await run()
    totals.passed += passed
    totals.failed += failed
    for (const line of left) notRun.add(line)
    const took = ((Date.now() - begin) / 1000).toFixed(1)
    const mark = failed === 0 ? styleText('green', '✓') : styleText('red', '✗')
    console.log(`${mark} ${name}: ${passed} passed, ${failed} failed (${took} s)`)
    const rows = Object.entries(seconds).toSorted(([, a], [, b]) => b - a)
    if (rows.length > 0)
      console.log(
        styleText('dim', `  ${rows.map(([room, s]) => `${room} ${s.toFixed(1)} s`).join(' · ')}`),
      )
  }
}

/** All that is started from here on has the mark, and none of it outlives the run. */
const mark = `${process.pid}-${Date.now()}`
/** Temporary folders of the tests are in it (a short name: sockets have paths of 107 bytes at most). */
const folder = mkdtempSync(join(tmpdir(), 'bt-'))
let imagesBefore: ReadonlySet<string> = new Set()

async function end(): Promise<void> {
  const left = await endStrays(mark)
  for (const { pid, command } of left)
    console.log(`ended ${pid}, which a test left running: ${command.slice(0, 200)}`)
  cleanEngine(mark, left, imagesBefore)
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    console.log(`some of ${folder} is left: ${(error as Error).message}`)
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.log(`cut by ${signal}: ending what the tests started`)
    void end().finally(() => process.exit(1))
  })

try {
  await main()
} catch (error) {
  console.error(`berth test: ${(error as Error).message}`)
  totals.failed += 1
} finally {
  await end()
}
for (const line of notRun) console.log(line)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
if (totals.failed > 0) process.exitCode = 1
