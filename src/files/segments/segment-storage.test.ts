import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import type { LogFields } from '#kernel/log.ts'

import { storageSuite } from '../storage.suite.ts'
import { StorageUnavailable } from '../storage.ts'
import { refusal } from './refusal.ts'
import { SegmentStorage } from './segment-storage.ts'
import { SEGMENT_BYTES_MAX } from './stream.ts'

const STREAM = { groupId: 'a'.repeat(16), streamId: 'b'.repeat(16) }
const ALL = {
  groupId: STREAM.groupId,
  streamIds: [STREAM.streamId],
  from: 0,
  until: Number.MAX_SAFE_INTEGER,
  reverse: false,
  limit: 10_000,
  pattern: '',
}

const said: (LogFields | undefined)[] = []
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (_message: string, fields?: LogFields) => void said.push(fields),
}
function open(context: TestContext, root: string): SegmentStorage {
  const storage = new SegmentStorage(root, log, (error) => assert.fail(error))
  context.after(() => storage.close())
  return storage
}

function folder(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'berth-logs-'))
  context.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

storageSuite('segments', (context) => open(context, folder(context)))

const files = (root: string, ending: string): string[] => {
  const path = join(root, STREAM.groupId, STREAM.streamId)
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => join(path, name))
}
const LIMIT = { timeout: 30_000 }
const event = (timestamp: number) => ({ timestamp, message: `line ${timestamp}` })
const found = async (storage: SegmentStorage): Promise<number[]> =>
  (await storage.read(ALL)).events.map(({ timestamp }) => timestamp)

test('segments: wherever a crash tears the newest file, whole batches before it stay and nothing else', async (context) => {
  const root = folder(context)
  const storage = open(context, root)
  for (const n of [1, 2, 3]) await storage.append(STREAM, [event(n), event(n)], 0)
  await storage.close()
  const [path = ''] = files(root, '.log')
  const whole = readFileSync(path)
  for (let size = 0; size <= whole.length; size += 7) {
    writeFileSync(path, whole.subarray(0, size))
    const torn = open(context, root)
    const kept = Math.floor((size * 3) / whole.length)
    assert.deepEqual(await found(torn), [1, 1, 2, 2, 3, 3].slice(0, 2 * kept))
    await torn.append(STREAM, [event(9)], 0)
    await torn.close()
    const again = open(context, root)
    assert.deepEqual(await found(again), [...[1, 1, 2, 2, 3, 3].slice(0, 2 * kept), 9])
    await again.close()
  }
})

test(
  'segments: a search that hangs keeps no append, no deletion and no size waiting',
  LIMIT,
  async (context) => {
    let path = ''
    // Whoever still waits at the pipe when this fails would keep the process.
    context.after(() => closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK)))
    const root = folder(context)
    const storage = open(context, root)
    await storage.append(STREAM, [event(1)], 0)
    path = files(root, '.log')[0] ?? ''
    // A pipe is not opened for reading before somebody opens it for writing.
    renameSync(path, `${path}.kept`)
    execFileSync('mkfifo', [path])
    const refused = assert.rejects(found(storage), /ESPIPE/)
    const other = { ...STREAM, streamId: 'c'.repeat(16) }
    await storage.append(other, [event(2)], 0)
    const [stats] = await storage.stats(other.groupId, [other.streamId])
    assert.equal(stats?.lastEventTimestamp, 2)
    await storage.delete(other)
    await (await openFile(path, 'w')).close()
    await refused
    renameSync(`${path}.kept`, path)
    assert.deepEqual(await found(storage), [1])
  },
)

test('segments: a question that the end overtakes is told so', async (context) => {
  const storage = open(context, folder(context))
  const finding = found(storage)
  await Promise.all([
    storage.close(),
    finding.catch((error: unknown) => assert.ok(error instanceof StorageUnavailable)),
  ])
})

test('segments: what the disk refuses is told, and a mistake of ours goes on its way', () => {
  assert.equal(refusal(new StorageUnavailable('full')), 'full')
  const error = new Error('ENOSPC: no space left on device, write') as NodeJS.ErrnoException
  error.syscall = 'write'
  assert.equal(refusal(error), error.message)
  assert.throws(() => refusal(new TypeError('x is not a function')), TypeError)
})

test('segments: a damaged batch is not read, its neighbours are, and the operator hears of it', async (context) => {
  const root = folder(context)
  const storage = open(context, root)
  for (const n of [1, 2, 3]) await storage.append(STREAM, [event(n)], 0)
  await storage.close()
  const [path = ''] = files(root, '.log')
  const bytes = readFileSync(path)
  bytes[Math.floor(bytes.length / 2)]! ^= 1
  writeFileSync(path, bytes)
  said.length = 0
  const again = open(context, root)
  assert.deepEqual(await found(again), [1, 3])
  await again.append(STREAM, [event(4)], 0)
  assert.deepEqual(await found(again), [1, 3, 4])
  await again.close()
  assert.equal(said[0]?.['path'], path)
})

test('segments: a full segment is left with an index, and one that is damaged is made again', async (context) => {
  const root = folder(context)
  const storage = open(context, root)
  const message = 'x'.repeat(1 << 20)
  const count = SEGMENT_BYTES_MAX / message.length + 3
  for (let n = 0; n < count; n++) await storage.append(STREAM, [{ timestamp: n, message }], n)
  await storage.close()
  const [index = ''] = files(root, '.idx')
  assert.equal(files(root, '.log').length, 2)
  for (const text of [readFileSync(index, 'utf8'), '', '0\n{}']) {
    writeFileSync(index, text)
    const again = open(context, root)
    const [stats] = await again.stats(STREAM.groupId, [STREAM.streamId])
    assert.equal(stats?.storedBytes, count * (message.length + 26))
    const { events } = await again.read({ ...ALL, from: 3, until: 4 })
    assert.deepEqual(
      events.map(({ timestamp, ingestionTime }) => [timestamp, ingestionTime]),
      [[3, 3]],
    )
    await again.close()
  }
})

test('segments: what expires goes by whole files', async (context) => {
  const root = folder(context)
  const storage = open(context, root)
  const DAY_MS = 24 * 3_600_000
  for (const day of [1, 3, 5]) await storage.append(STREAM, [event(day * DAY_MS)], 0)
  assert.equal(files(root, '.log').length, 3, 'one file holds no more than a day')
  await storage.expire(STREAM.groupId, 4 * DAY_MS)
  assert.equal(files(root, '.log').length, 1)
  await storage.append(STREAM, [event(5 * DAY_MS + 1)], 0)
  assert.deepEqual(await found(storage), [5 * DAY_MS, 5 * DAY_MS + 1])
  await storage.close()
})

test('segments: where the disk takes nothing, appends are refused, and go on when it does again', async (context) => {
  const root = folder(context)
  const storage = open(context, root)
  // A file where the stream's folder has to be.
  appendFileSync(join(root, STREAM.groupId), 'in the way')
  await assert.rejects(storage.append(STREAM, [event(1)], 0), StorageUnavailable)
  rmSync(join(root, STREAM.groupId))
  await storage.append(STREAM, [event(2)], 0)
  assert.deepEqual(await found(storage), [2])
  await storage.close()
  await assert.rejects(storage.append(STREAM, [event(3)], 0), StorageUnavailable)
})

test('segments: more than the disk can take is refused before it fills the memory', async (context) => {
  const storage = open(context, folder(context))
  const message = 'x'.repeat(1 << 20)
  const all = Array.from({ length: 100 }, (_, n) =>
    storage.append(STREAM, [{ timestamp: n, message }], 0).then(
      () => n,
      (error: unknown) => {
        assert.ok(error instanceof StorageUnavailable)
        return undefined
      },
    ),
  )
  const taken = (await Promise.all(all)).filter((n) => n !== undefined)
  assert.ok(taken.length > 0 && taken.length < 100)
  const [stats] = await storage.stats(STREAM.groupId, [STREAM.streamId])
  assert.equal(stats?.storedBytes, taken.length * (message.length + 26))
  await storage.close()
})
