/** What any Engine must do. Each implementation runs it, so that the agent may trust them alike. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { Engine, EngineEvent } from './engine.ts'

export type EngineUnderTest = {
  readonly engine: Engine
  /** An image with a shell at /bin/sh. */
  readonly image: string
  /** A name that no registry can be asked for. */
  readonly missingImage: string
  /** A word that no other test has, for names and labels. */
  readonly unique: () => string
}

const FOREVER = 'trap "exit 3" TERM; while :; do sleep 0.1; done'
const LIMIT = { timeout: 30_000 }

export function engineSuite(name: string, under: () => EngineUnderTest): void {
  lifeOfAContainer(name, under)
  whatIsAround(name, under)
}

function lifeOfAContainer(name: string, under: () => EngineUnderTest): void {
  test(`${name}: a container goes from created to running to exited`, LIMIT, async (context) => {
    const { engine, id, labels } = await create(context, under(), FOREVER)
    assert.equal((await engine.inspect(id))?.state, 'created')
    await engine.start(id)
    const running = await engine.inspect(id)
    assert.equal(running?.state, 'running')
    assert.ok(running.startedAt)
    assert.equal(running.exitCode, undefined)
    await engine.start(id)
    assert.equal((await engine.inspect(id))?.startedAt, running.startedAt)
    await engine.stop(id, 20)
    await engine.stop(id, 20)
    const [exited] = (await engine.list(labels, ['berth.test'])).found
    assert.deepEqual(exited?.labels, labels)
    assert.deepEqual((await engine.list(labels, ['other'])).found[0]?.labels, {})
    assert.equal(exited?.state, 'exited')
    assert.equal(exited.exitCode, 3)
    assert.ok(exited.finishedAt)
    await engine.remove(id)
    await engine.remove(id)
    assert.equal(await engine.inspect(id), undefined)
    assert.deepEqual(await engine.list(labels, []), { found: [], silent: [] })
  })

  test(`${name}: a container that cannot start never ran`, LIMIT, async (context) => {
    const { engine, id } = await create(context, under(), undefined)
    await assert.rejects(engine.start(id), { name: 'CannotStartContainerError' })
    const seen = await engine.inspect(id)
    assert.equal(seen?.state, 'created')
    assert.equal(seen.exitCode, undefined)
    assert.equal(seen.startedAt, undefined)
  })
}

function whatIsAround(name: string, under: () => EngineUnderTest): void {
  test(`${name}: what is missing is said by its name`, LIMIT, async () => {
    const { engine, missingImage, unique } = under()
    assert.equal(await engine.image(missingImage), undefined)
    await assert.rejects(engine.pull(missingImage, undefined), { name: 'CannotPullContainerError' })
    await assert.rejects(
      engine.create(unique(), { Image: missingImage, Labels: {}, HostConfig: {} }),
      { name: 'CannotCreateContainerError' },
    )
    assert.equal(await engine.inspect(unique()), undefined)
    assert.equal(await engine.stats(unique()), undefined)
    await engine.removeVolume(unique())
  })

  test(
    `${name}: a volume is what it was made as, also when it is made again`,
    LIMIT,
    async (context) => {
      const { engine, unique } = under()
      const Name = unique()
      context.after(() => engine.removeVolume(Name))
      assert.equal(await engine.volume(Name), undefined)
      await engine.createVolume({ Name, Driver: 'local', Labels: { a: 'b' } })
      await engine.createVolume({ Name, Driver: 'local', Labels: { c: 'd' } })
      assert.deepEqual(await engine.volume(Name), { labels: { a: 'b' }, options: {} })
      await engine.removeVolume(Name)
      assert.equal(await engine.volume(Name), undefined)
    },
  )

  test(`${name}: a watcher hears of its own containers only`, LIMIT, async (context) => {
    const mine = await create(context, under(), FOREVER)
    const other = await create(context, under(), FOREVER)
    const { engine } = mine
    const events: EngineEvent[] = []
    const heard = Promise.withResolvers<void>()
    const connected = Promise.withResolvers<void>()
    const unwatch = engine.watch(mine.labels, (event) => {
      events.push(event)
      if (event.type === 'connected') connected.resolve()
      if (event.type === 'changed') heard.resolve()
    })
    context.after(unwatch)
    await connected.promise
    await engine.start(other.id)
    await engine.start(mine.id)
    await heard.promise
    const changed = events.filter((event) => event.type === 'changed')
    assert.deepEqual(new Set(changed.map(({ containerId }) => containerId)), new Set([mine.id]))
  })

  test(
    `${name}: counters of a running container, and what the engine is`,
    LIMIT,
    async (context) => {
      const { engine, id } = await create(context, under(), FOREVER)
      await engine.start(id)
      const stats = await engine.stats(id)
      assert.ok(stats && stats.cpuNanoseconds > 0)
      const info = await engine.info()
      assert.ok(info.cpus > 0 && info.memoryBytes > 0)
      assert.ok(info.volumeDrivers.includes('local'))
    },
  )
}

async function create(
  context: TestContext,
  { engine, image, unique }: EngineUnderTest,
  script: string | undefined,
) {
  const name = unique()
  const labels = { 'berth.test': name }
  const id = await engine.create(name, {
    Image: image,
    Cmd: script === undefined ? ['/no/such/program'] : ['/bin/sh', '-c', script],
    Labels: labels,
    HostConfig: {},
  })
  context.after(() => engine.remove(id))
  return { engine, id, labels }
}
