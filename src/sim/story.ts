/** What happens in a world: storms, each of its own kind, and between them calm in which all must come to its end. */
import { LABELS } from '#agent/tasks/create.ts'
import { containerInstanceArn } from '#aws/ecs/names/names.ts'
import { shareOf } from '#aws/ecs/names/services.ts'
import { containerInstances, tasks } from '#aws/ecs/records/records.ts'
import { deployments, serviceDeployments, services, taskSets } from '#aws/ecs/records/services.ts'

import { IMAGE, RESTLESS, SOUND } from './definitions.ts'
import { CLUSTER, keyOf } from './place.ts'
import type { Planted } from './planted.ts'
import { Rng } from './rng.ts'
import { CALM, MISFORTUNES, storm, type Misfortune } from './weather.ts'
import { World, type Failure } from './world.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const STORM_MS = 20 * MINUTE_MS
/** Long enough for the longest back-off, a resync, and a container that does not want to end. */
const CLEARING_MS = 7 * MINUTE_MS
const RESTING_MS = 3 * MINUTE_MS
/** How often chance is asked for a misfortune. */
const BEAT_MS = 5 * SECOND_MS
const ACT_MS_MAX = 20 * SECOND_MS
const READING_MS = 10 * MINUTE_MS
/** As long as a task may take to run and to count as healthy. */
const WARMING_MS = 2 * MINUTE_MS
const WAITS_MAX = 5

export type StoryOptions = {
  readonly seed: number
  readonly storms: number
  readonly planted?: Planted | undefined
}
export type Story = {
  readonly world: World
  readonly failure: Failure | undefined
  /** Tells whether two worlds were the same. */
  readonly digest: string
  readonly virtualMs: number
}

/** Lives a world from one seed. Ends at the first thing that is wrong. */
export async function tell({ seed, storms, planted }: StoryOptions): Promise<Story> {
  const rng = new Rng(seed, 'story')
  const world = await World.open({
    seed,
    hosts: rng.between(1, 4),
    users: rng.between(1, 3),
    lostAfterMs: lostAfterMs(rng.fork('policy')),
    planted,
  })
  const begin = world.clock.now()
  for (let n = 0; n < storms && !world.failure; n++) {
    await bad(world, rng)
    if (!world.failure) await good(world)
  }
  const digest = world.trace.digest()
  const virtualMs = world.clock.now() - begin
  const { failure } = world
  world.end()
  return { world, failure, digest, virtualMs }
}

/** Some operators say when a silent host is a lost one: after a minute at least, and well within the calm. */
const lostAfterMs = (rng: Rng): number | undefined =>
  rng.chance(0.5) ? rng.between(MINUTE_MS, 5 * MINUTE_MS) : undefined

/**
 * Where the operator says so, each storm takes a host for good, and one that services have tasks on if there is such a
 * one. Without a word from the operator what ran there would be waited for for ever.
 */
function loseOne(world: World, rng: Rng): void {
  const afterMs = rng.between(0, STORM_MS)
  if (world.lostAfterMs === undefined) return
  world.clock.after(afterMs, () => {
    const left = world.hosts.filter(({ isLost }) => !isLost)
    const serving = new Set(
      [...world.oracle.rows(tasks)]
        .filter(([, task]) => shareOf(task) && task.lastStatus === 'RUNNING')
        .map(([, task]) => task.containerInstanceId),
    )
    const missed = left.filter(({ containerInstanceArn = '' }) =>
      serving.has(containerInstanceArn.split('/').at(-1) ?? ''),
    )
    if (left.length > 1) rng.pick(missed.length > 0 ? missed : left)?.lose()
  })
}

async function bad(world: World, rng: Rng): Promise<void> {
  world.weather = storm(rng)
  world.trace.say('weather', JSON.stringify(world.weather))
  const { clock } = world
  const end = clock.now() + STORM_MS
  for (const user of world.users)
    void useUntil(world, user, rng.fork(`acts at ${clock.now()}`), end)
  loseOne(world, rng.fork(`loses at ${clock.now()}`))
  while (clock.now() < end && !world.failure) {
    await world.run(BEAT_MS)
    for (const misfortune of MISFORTUNES)
      if (rng.chance((world.weather.rates[misfortune] * BEAT_MS) / MINUTE_MS)) {
        world.trace.say('weather', misfortune)
        HAPPENS[misfortune](world, rng)
      }
  }
}

async function good(world: World): Promise<void> {
  world.weather = CALM
  world.trace.say('weather', 'it clears up')
  world.network.clearUp()
  for (const host of world.hosts) {
    host.engine.comeToItself()
    host.powerOn()
  }
  await world.startServer()
  await world.run(CLEARING_MS)
  await tidyUp(world)
  await repair(world)
  await world.run(CLEARING_MS)
  await waitForWaits(world)
  for (const user of world.users) await world.until(user.readBack(), READING_MS)
  world.ask((check) => check.calm?.())
  world.ask((check) => check.resting?.())
  await world.run(RESTING_MS)
  world.ask((check) => check.rested?.())
}

/** The operator lets go of hosts that came back as others, and removes what is left of those that were let go. */
async function tidyUp(world: World): Promise<void> {
  const own = new Set(world.hosts.map((host) => host.containerInstanceArn))
  const [operator] = world.users
  for (const [, row] of world.oracle.rows(containerInstances)) {
    const arn = containerInstanceArn(row)
    if (row.status === 'INACTIVE' || own.has(arn) || !operator) continue
    const input = { cluster: CLUSTER, containerInstance: arn, force: true }
    await world.until(operator.ask('DeregisterContainerInstance', input), MINUTE_MS)
  }
  for (const { engine } of world.hosts)
    for (const { id, labels } of engine.all()) {
      const instance = world.oracle.get(
        containerInstances,
        keyOf(labels[LABELS.containerInstance] ?? ''),
      )
      if (instance?.status === 'INACTIVE') engine.vanish(id)
    }
}

/** What cannot rest in any weather is given something to run that can. */
async function repair(world: World): Promise<void> {
  const [operator] = world.users
  for (const [, { serviceId, status, family, serviceName: service }] of world.oracle.rows(
    deployments,
  )) {
    const isCurrent = [...world.oracle.rows(services)].some(
      ([, row]) => row.serviceId === serviceId && row.status === 'ACTIVE',
    )
    if (status !== 'PRIMARY' || !isCurrent || !RESTLESS.has(family) || !operator) continue
    // Nobody answers pauses any more, and one that is not answered goes back.
    const deploymentConfiguration = { lifecycleHooks: [] }
    const input = { cluster: CLUSTER, service, taskDefinition: SOUND, deploymentConfiguration }
    await world.until(operator.ask('UpdateService', input), MINUTE_MS)
  }
  for (const [, { serviceName: service, taskSetId, family }] of world.oracle.rows(taskSets)) {
    if (!RESTLESS.has(family) || !operator) continue
    const input = { cluster: CLUSTER, service, taskSet: `ecs-svc/${taskSetId}`, force: true }
    await world.until(operator.ask('DeleteTaskSet', input), MINUTE_MS)
  }
}

/**
 * What failed to start in bad weather is tried again in its time, which may be half an hour; a pause that nobody answers
 * lasts its minutes, as does a bake; a host that is gone for good counts as lost only when it was missed for long enough;
 * and what was started a moment ago is not yet known to be healthy.
 */
async function waitForWaits(world: World): Promise<void> {
  for (let n = 0; n < WAITS_MAX && !world.failure; n++) {
    const now = world.clock.now()
    const ends = [...waits(world)].filter((end) => end > now)
    if (ends.length === 0) return
    await world.run(Math.max(...ends) - now + CLEARING_MS)
  }
}

function* waits({ oracle, hosts, lostAfterMs: lostAfter, clock }: World): Generator<number> {
  for (const { isLost, containerInstanceArn = '' } of hosts) {
    const row = oracle.get(containerInstances, keyOf(containerInstanceArn))
    if (!isLost || lostAfter === undefined || !row || row.status === 'INACTIVE') continue
    // A kernel takes its time to give a silent connection up.
    yield row.agentConnected ? clock.now() + MINUTE_MS : (row.disconnectedAt ?? 0) + lostAfter
  }
  for (const [, { status, throttle }] of oracle.rows(deployments))
    if (status === 'PRIMARY' && throttle) yield throttle.until
  for (const [, { throttle }] of oracle.rows(taskSets)) if (throttle) yield throttle.until
  for (const [, { stage, stageSince, hooks, finishedAt, deploymentConfiguration }] of oracle.rows(
    serviceDeployments,
  )) {
    if (finishedAt !== undefined) continue
    for (const { status, expiresAt } of hooks) if (status === 'AWAITING_ACTION') yield expiresAt
    const { bakeTimeInMinutes = 0 } = deploymentConfiguration
    if (stage === 'BAKE_TIME') yield stageSince + bakeTimeInMinutes * MINUTE_MS
  }
  for (const [, { lastStatus, createdAt }] of oracle.rows(tasks))
    if (lastStatus !== 'STOPPED') yield createdAt + WARMING_MS
}

async function useUntil(
  world: World,
  user: World['users'][number],
  rng: Rng,
  end: number,
): Promise<void> {
  while (world.clock.now() < end) {
    await world.clock.sleep(rng.between(0, ACT_MS_MAX))
    await user.act()
  }
}

const HAPPENS: Readonly<Record<Misfortune, (world: World, rng: Rng) => void>> = {
  'server killed': (world, rng) => {
    world.killServer()
    world.clock.after(rng.between(100, 30_000), () => void world.startServer())
  },
  'server restarted': (world, rng) => {
    const afterMs = rng.between(100, 10_000)
    void world.stopServer().then(() => world.clock.after(afterMs, () => void world.startServer()))
  },
  snapshot: (world) => void world.server?.store.snapshot(),
  'agent killed': (world, rng) => {
    const host = rng.pick(world.hosts)
    host?.killAgent()
    world.clock.after(rng.between(100, 60_000), () => host?.startAgent())
  },
  'agent restarted': (world, rng) => {
    const host = rng.pick(world.hosts)
    const afterMs = rng.between(100, 10_000)
    void host?.stopAgent().then(() => world.clock.after(afterMs, () => host.startAgent()))
  },
  'agent forgets': (world, rng) => {
    const host = rng.pick(world.hosts)
    host?.forget()
    world.clock.after(rng.between(100, 60_000), () => host?.startAgent())
  },
  'power cut': (world, rng) => {
    const host = rng.pick(world.hosts)
    host?.powerCut()
    world.clock.after(rng.between(5_000, 300_000), () => host?.powerOn())
  },
  partition: (world, rng) => {
    const { name = '' } = rng.pick(world.hosts) ?? {}
    world.network.cut(name)
    world.clock.after(rng.between(1_000, 600_000), () => world.network.heal(name))
  },
  'engine restarted': (world, rng) => {
    const { engine } = rng.pick(world.hosts) ?? {}
    engine?.goDown(rng.chance(0.5))
    world.clock.after(rng.between(1_000, 60_000), () => engine?.comeUp())
  },
  'engine lost containers': (world, rng) => {
    const { engine } = rng.pick(world.hosts) ?? {}
    const container = rng.pick(engine?.all() ?? [])
    if (container) engine?.vanish(container.id)
  },
  'empty manifest': (world, rng) => {
    const wire = rng.pick([...world.network.open].filter(({ path }) => path === '/acs/ws'))
    wire?.slipEmptyManifest()
  },
  'image pushed': (world) => world.images.push(IMAGE),
}
