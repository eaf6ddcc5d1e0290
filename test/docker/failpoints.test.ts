/**
 * Kill -9 at named points: before, at and after every kind of commit, answer, frame, call, save and act on the engine.
 * Clients write all the while; what was acknowledged to them is there afterwards, once, and no container noticed.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'

import { systemIds } from '#system/system.ts'

import { House, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage, removeImage } from './engine.fixture.ts'
import { Load } from './load.fixture.ts'
import { Others } from './others.fixture.ts'
import { Containers, theSums, theTasks } from './truth.fixture.ts'

const LAUNCHER = join(import.meta.dirname, 'failpoint-launcher.ts')
const IMAGE = `berth-failpoint-test-${systemIds.hex(8)}:1`
const CLUSTER = 'default'
const STEADY = 2
/** A point that is not passed in this time was one of a start, or of something rare. */
const REACH_MS = patient(1_000)
/** So many points are passed soon; the others show themselves in later lives. */
const DISCOVERED = 20
const CHECK_EVERY = 12
const limit = { timeout: patient(290_000) }
/** At how many of its points each is killed. There are more than a hundred and fifty: `npm run failpoints` takes all. */
const POINTS = Number(process.env['BERTH_TEST_FAILPOINTS'] ?? 14)
type What = 'server' | 'agent'

const directory = mkdtempSync(join(tmpdir(), 'berth-points-'))
const fileOf = (what: What): string => join(directory, what)
const tell = (what: What): NodeJS.ProcessEnv => ({
  BERTH_TEST_POINTS: fileOf(what),
  NODE_COMPILE_CACHE: join(directory, 'compiled'),
})

let containers: Containers
let house: House
let load: Load
let others: Others
before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  const extra = { server: tell('server'), agent: tell('agent') }
  house = await House.start({ agent: true, program: LAUNCHER, extra })
  containers = new Containers(house)
  await define('steady', 'trap "exit 0" TERM; while :; do sleep 0.2; done')
  await define('short', 'true')
  await house.api('RunTask', { cluster: CLUSTER, taskDefinition: 'steady', count: STEADY })
  load = new Load(house, CLUSTER)
  others = new Others(house, CLUSTER)
})
after(async () => {
  others?.end()
  await load?.end()
  await house?.stop()
  await removeImage(IMAGE)
  rmSync(directory, { recursive: true })
})

test('kill -9 of the server at each of its points loses no acknowledged write', limit, (context) =>
  killAtEach('server', context),
)

test(
  'kill -9 of the agent at each of its points ends no container and starts none twice',
  limit,
  (context) => killAtEach('agent', context),
)

test(
  'after all of it every token has one task, and every container is one that was there',
  limit,
  async (context) => {
    await restart('server', undefined)
    await restart('agent', undefined)
    await check()
    await load.verifyAll()
    context.diagnostic(load.summary)
  },
)

async function killAtEach(what: What, context: TestContext): Promise<void> {
  // What is passed in a life under load, and not only once when the house was made.
  rmSync(fileOf(what), { force: true })
  await restart(what, undefined)
  load.resume()
  others.resume()
  await until('it passes its points', () => pointsOf(what).length >= DISCOVERED || undefined)
  const tried = new Set<string>()
  while (killedAt(what).length < POINTS) {
    const open = pointsOf(what).filter((one) => !one.endsWith('!') && !tried.has(one))
    // Each run takes others: over time all of them are taken.
    const name = open[Math.floor(Math.random() * open.length)]
    if (name === undefined) break
    tried.add(name)
    await restart(what, name)
    load.resume()
    others.resume()
    await reach(what)
    if (tried.size % CHECK_EVERY === 0) await checked(what)
  }
  await checked(what)
  const killed = killedAt(what)
  context.diagnostic(`${what}: killed at ${killed.length} points of ${tried.size} that it passed`)
  assert.ok(killed.length > 0, 'it dies at none of its points')
}

/** The points at which it did die. */
const killedAt = (what: What): readonly string[] =>
  pointsOf(what).filter((name) => name.endsWith('!'))

async function checked(what: What): Promise<void> {
  await restart(what, undefined)
  await check()
}

/** Starts it armed, or not; one that dies before it is ready was armed at a point of its start. */
async function restart(what: What, name: string | undefined): Promise<void> {
  await house[what]?.end('SIGKILL')
  house.extra[what] = { ...tell(what), ...(name !== undefined && { BERTH_TEST_DIE_AT: name }) }
  const started = what === 'server' ? house.startServer() : house.startAgent()
  await (name === undefined ? started : started.catch(() => undefined))
}

async function reach(what: What): Promise<void> {
  const child = house[what]?.child
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  await once(child, 'exit', { signal: AbortSignal.timeout(REACH_MS) }).catch(() => undefined)
}

async function check(): Promise<void> {
  await others.pause()
  await load.pause()
  await load.verifyRecent()
  await containers.look()
  await theSums(house, CLUSTER)
  const ended = (await theTasks(house, CLUSTER, 'STOPPED')).tasks.filter(
    ({ group, startedBy }) => group === 'family:steady' && startedBy === undefined,
  )
  assert.deepEqual(
    ended.map(({ stoppedReason, containers: of }) => [stoppedReason, of]),
    [],
    'nobody stopped the steady tasks',
  )
}

function pointsOf(what: What): readonly string[] {
  const file = fileOf(what)
  return existsSync(file)
    ? [...new Set(readFileSync(file, 'utf8').split('\n').filter(Boolean))]
    : []
}

async function define(family: string, script: string): Promise<void> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      { name: 'app', image: IMAGE, cpu: 8, memory: 16, command: ['sh', '-c', script] },
    ],
  })
}
