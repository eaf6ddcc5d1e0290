/**
 * Server and agent die without warning, twenty times, while clients write. What was acknowledged is there afterwards,
 * exactly once, and no container noticed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'

import { House, until } from '../parity/house.ts'
import { RandomValues } from '../parity/random-values.ts'
import { patient } from '../patience.ts'
import { importImage, removeImage } from './engine.fixture.ts'
import { Load } from './load.fixture.ts'
import { Containers, theSums, theTasks } from './truth.fixture.ts'

const IMAGE = `berth-kill-test-${systemIds.hex(8)}:1`
const ROUNDS = 10
const STEADY = 3
const SEED = Number(process.env['BERTH_TEST_SEED'] ?? 20_260_101)
const CLUSTER = 'default'

let house: House
before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

const limit = { timeout: patient(280_000) }

test(
  '20 kill -9 of server and agent under load lose no acknowledged write, and every container keeps its StartedAt',
  limit,
  async (context) => {
    const random = new RandomValues(SEED)
    const containers = new Containers(house)
    await define('steady', 'trap "exit 0" TERM; while :; do sleep 0.2; done')
    await define('short', 'true')
    await house.api('RunTask', { cluster: CLUSTER, taskDefinition: 'steady', count: STEADY })
    await until('the steady tasks run', async () => {
      const { tasks } = await theTasks(house, CLUSTER, 'RUNNING')
      return (
        tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length === STEADY || undefined
      )
    })
    await containers.look()
    const load = new Load(house, CLUSTER)
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await kill('server')
        await check()
        await kill('agent')
        await check()
      }
      await load.pause()
      await load.verifyAll()
      await until('every short task has ended', async () => {
        const { tasks } = await theTasks(house, CLUSTER, 'RUNNING')
        return tasks.length === STEADY || undefined
      })
      await theSums(house, CLUSTER)
      const started = (await theTasks(house, CLUSTER, 'STOPPED')).tasks.length
      assert.equal(started, load.tokens.size, 'one token, one task')
      context.diagnostic(`seed ${SEED}: ${load.summary}`)
    } finally {
      await load.end()
    }

    async function kill(what: 'server' | 'agent'): Promise<void> {
      const wanted = load.acknowledged + 5 + Math.floor(random.next() * 25)
      const offset = random.next() * 20
      load.resume()
      await until(`${wanted} acknowledged writes`, () => load.acknowledged >= wanted || undefined)
      await new Promise((done) => setTimeout(done, offset))
      await house[what]?.end('SIGKILL')
      await (what === 'server' ? house.startServer() : house.startAgent())
    }

    async function check(): Promise<void> {
      await load.pause()
      await load.verifyRecent()
      await containers.look()
      await theSums(house, CLUSTER)
    }
  },
)

async function define(family: string, script: string): Promise<void> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      { name: 'app', image: IMAGE, cpu: 8, memory: 16, command: ['sh', '-c', script] },
    ],
  })
}
