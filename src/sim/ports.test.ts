/** The pretended outside obeys the same cases as the real one: what the simulation shows is worth no more than that. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { engineSuite } from '#agent/engine.suite.ts'
import { stateStoreSuite } from '#agent/state/store.suite.ts'
import { logSuite } from '#store/log.suite.ts'

import { AgentDisk } from './agent-disk.ts'
import { VirtualClock } from './clock.ts'
import { IMAGE } from './definitions.ts'
import { engineClient } from './engine-client.ts'
import { SimEngine } from './engine.ts'
import { Images } from './images.ts'
import { Life } from './life.ts'
import { BEGIN } from './place.ts'
import { Rng } from './rng.ts'
import { StateDisk } from './state-disk.ts'
import { CALM } from './weather.ts'

const clock = new VirtualClock(BEGIN)
const rng = new Rng(1)
const weather = () => CALM
const end = new AbortController()

before(() => void passTime())
after(() => end.abort())

/** The suites wait for what only time brings. */
async function passTime(): Promise<void> {
  while (!end.signal.aborted) await clock.run(10)
}

const engine = new SimEngine({ clock, rng, images: new Images([IMAGE]), happened: () => undefined })
engineSuite('pretended engine', () => {
  const life = new Life(clock)
  return {
    engine: engineClient({ engine, life, clock, rng, weather, failed: () => undefined }),
    image: IMAGE,
    missingImage: 'nowhere:1',
    unique: () => rng.ids().hex(8),
  }
})

stateStoreSuite('pretended agent disk', () => {
  const disk = new AgentDisk({ rng, weather })
  return () => disk.open(new Life(clock))
})

const disks = new Map<string, StateDisk>()
logSuite('pretended state disk', (place) => {
  const disk = disks.get(place) ?? new StateDisk({ rng, weather, durable: () => undefined })
  disks.set(place, disk)
  return disk.open(new Life(clock))
})

test('time goes by timers, in their order', async () => {
  const own = new VirtualClock(0)
  const fired: string[] = []
  const say = (what: string) => () => void fired.push(`${what} at ${own.now()}`)
  own.after(20, say('late'))
  own.after(10, say('first'))
  own.after(10, say('second'))
  own.after(10, say('never'))()
  own.after(5, () => own.after(5, say('third')))
  await own.run(15)
  assert.deepEqual(fired, ['first at 10', 'second at 10', 'third at 10'])
  assert.equal(own.now(), 15)
  await assert.rejects(own.sleep(1, AbortSignal.abort(new Error('stopped'))), /stopped/)
})

test('an ended life hears nothing, and its timers are silent', async () => {
  const own = new VirtualClock(0)
  const life = new Life(own)
  let heard = 0
  life.clock.after(10, () => (heard += 1))
  void life.hears(own.sleep(10)).then(() => (heard += 1))
  life.end()
  await own.run(20)
  assert.equal(heard, 0)
})
