/** History over kill -9: what services were, and was durable, is there after it, once; what may be missing is said. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { historyFiles } from '#aws/ecs/history/history.ts'
import { ask } from '#cli/admin-client.ts'
import { Files } from '#files/files.ts'
import type { Place } from '#files/storage.ts'

import { patient } from '../patience.ts'
import { House, until } from './house.ts'

const KILLS = 3
const UPDATES_PER_LIFE = 2
const LIMIT = { timeout: patient(60_000) }
const PART_MS = 6 * 60 * 60_000
/** The service that is changed in the very moment of each kill. */
const BUSY = 'busy'

/** `from`: before the last change that is part of it. */
type Moment = { readonly from: number; readonly at: number; readonly service: object }
type Gap = { readonly from: string; readonly until: string }
type Service = {
  readonly deployments: readonly { readonly id: string; readonly rolloutState: string }[]
}

let house: House
before(async () => {
  house = await House.start()
  await house.api('CreateCluster', { clusterName: 'default' })
  await define('web')
  for (const serviceName of ['web', BUSY])
    await house.api('CreateService', { serviceName, taskDefinition: 'web', desiredCount: 0 })
})
after(async () => {
  await house?.stop()
})

test(
  'what a service was before kill -9 is what it was after it, and only what may be missing is said to be',
  LIMIT,
  async () => {
    const moments: Moment[] = []
    const kills: { readonly before: number; readonly after: number }[] = []
    for (let life = 0; life <= KILLS; life += 1) {
      for (let n = 0; n < UPDATES_PER_LIFE; n += 1) moments.push(await rested())
      for (const moment of moments) await isAsItWas(moment, kills)
      if (life === KILLS) break
      const writing = [1, 2, 3, 4].map(() => writes())
      await until('writes', async () => ((await desired(BUSY)) > 0 ? true : undefined))
      const before = Date.now()
      await house.server.end('SIGKILL')
      await Promise.all(writing)
      await house.startServer()
      kills.push({ before, after: Date.now() })
    }
    await house.server.end('SIGTERM')
    await everyLineOnce(kills.length)
  },
)

/** Changes the service, waits until nothing more becomes of that, and tells what it is then. */
async function rested(): Promise<Moment> {
  await define('web')
  const from = Date.now()
  const { service } = await house.api<{ service: Service }>('UpdateService', {
    service: 'web',
    taskDefinition: 'web',
  })
  await until('the deployment is done', async () => {
    const { deployments } = await described<Service>('web')
    const [newest, older] = deployments
    const isDone = newest?.rolloutState === 'COMPLETED' && !older
    return isDone && newest.id === service.deployments[0]?.id ? true : undefined
  })
  const moment = { from, at: Date.now(), service: await described('web') }
  await until('the next moment', () => (Date.now() > moment.at ? true : undefined))
  return moment
}

async function isAsItWas(
  { from, at, service }: Moment,
  kills: readonly { readonly before: number; readonly after: number }[],
): Promise<void> {
  const asked = { service: 'web', asOf: at, cluster: 'default' }
  const was = await ask<{ service: object; gaps: readonly Gap[] }>(house.data, '/history', asked)
  assert.deepEqual(inSeconds(was.service), service)
  const later = kills.filter(({ after }) => after > at)
  assert.equal(was.gaps.length, later.length, 'each kill since then may have cost something')
  for (const [n, gap] of was.gaps.toReversed().entries()) {
    const { before, after } = later[n] ?? assert.fail()
    const [begin, end] = [Date.parse(gap.from), Date.parse(gap.until)]
    assert.ok(begin <= before && before <= end && end <= after, 'it is around the kill')
    assert.ok(begin >= from, 'what was read of history is not said to be missing')
  }
}

/** Each change of each record is told once, in the order of revisions, with a mark for each kill and the end. */
async function everyLineOnce(kills: number): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const files = new Files(house.data, quiet, (error) => assert.fail(error))
  const storage = files.open(historyFiles(1 << 30))
  const parts = [-1, 0].map((n) => String(Math.floor(Date.now() / PART_MS) + n))
  const lines: Record<string, string | number>[] = []
  for (let beyond: Place | undefined; ;) {
    const query = { groupId: 'history', streamIds: parts, from: 0, until: Infinity, limit: 1000 }
    const page = await storage.read({ ...query, reverse: false, beyond })
    lines.push(...page.entries.map(({ payload }) => JSON.parse(payload.toString())))
    if (!page.reached) break
    beyond = page.reached
  }
  await storage.close()
  const marks = lines.flatMap((line) => line['HISTORY-MARK'] ?? [])
  assert.deepEqual(marks, ['BEGIN', ...Array.from({ length: kills }, () => 'GAP'), 'END'])
  const changes = lines.filter((line) => 'revision' in line && 'key' in line)
  const told = changes.map(({ revision, table, key }) => `${revision} ${table} ${key}`)
  assert.equal(new Set(told).size, told.length)
  const revisions = changes.map(({ revision }) => Number(revision))
  assert.deepEqual(
    revisions,
    revisions.toSorted((one, other) => one - other),
  )
}

/** Changes the busy service until the server is gone. */
async function writes(): Promise<void> {
  for (let desiredCount = 1; ; desiredCount += 1)
    try {
      await house.api('UpdateService', { service: BUSY, desiredCount })
    } catch {
      return
    }
}

const define = (family: string): Promise<unknown> =>
  house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [{ name: 'app', image: 'app:1', memory: 64 }],
  })

async function described<T = object>(service: string): Promise<T> {
  const answer = await house.api<{ services: T[] }>('DescribeServices', {
    services: [service],
    include: ['TAGS'],
  })
  return answer.services[0] ?? assert.fail()
}

const desired = async (service: string): Promise<number> =>
  (await described<{ desiredCount: number }>(service)).desiredCount

/** Times as the service's own protocol writes them. */
function inSeconds(value: unknown): unknown {
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) / 1000 : value
  if (Array.isArray(value)) return value.map(inSeconds)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inSeconds(one)]))
}
