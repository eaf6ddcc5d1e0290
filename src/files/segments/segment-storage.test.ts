import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
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
import { basename, join } from 'node:path'
import { after, test, type TestContext } from 'node:test'

import type { LogFields } from '#kernel/log.ts'

import { Files } from '../files.ts'
import { including, MATCHING } from '../including.fixture.ts'
import { storageSuite } from '../storage.suite.ts'
import { type EntryStorage, type RoomFiles, StorageUnavailable } from '../storage.ts'
import { refusal } from './refusal.ts'
import { SEGMENT_BYTES_MAX } from './stream.ts'

const STREAM = { groupId: 'a'.repeat(16), streamId: 'b'.repeat(16) }
const ALL = {
  groupId: STREAM.groupId,
  streamIds: [STREAM.streamId],
  from: 0,
  until: Number.MAX_SAFE_INTEGER,
  reverse: false,
  limit: 10_000,
}

const said: (LogFields | undefined)[] = []
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (_message: string, fields?: LogFields) => void said.push(fields),
}
const fatal = (error: Error): never => assert.fail(error)
/** One pair of threads for all tests: a room is always open. */
const shared = mkdtempSync(join(tmpdir(), 'berth-files-'))
const sharedFiles = new Files(shared, log, fatal)
const keeper = sharedFiles.open({ name: 'keeper', matching: MATCHING })
after(async () => {
  await keeper.close()
  rmSync(shared, { recursive: true, force: true })
})

/** `root` is the folder of the room. */
function open(context: TestContext, root: string, bytes?: number): EntryStorage {
  const storage = sharedFiles.open({ name: basename(root), matching: MATCHING, bytes })
  context.after(() => storage.close())
  return storage
}

const folder = (): string => mkdtempSync(join(shared, 'room-'))

storageSuite('segments', (context, { name, bytes }) => open(context, join(shared, name), bytes))

const files = (root: string, ending: string): string[] => {
  const path = join(root, STREAM.groupId, STREAM.streamId)
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => join(path, name))
}
const LIMIT = { timeout: 30_000 }
const entry = (timestamp: number) => ({ timestamp, payload: `line ${timestamp}` })
const found = async (storage: EntryStorage): Promise<number[]> =>
  (await storage.read(ALL)).entries.map(({ timestamp }) => timestamp)

test('segments: wherever a crash tears the newest file, whole batches before it stay and nothing else', async (context) => {
  const root = folder()
  const storage = open(context, root)
  for (const n of [1, 2, 3]) await storage.append(STREAM, [entry(n), entry(n)], 0)
  await storage.close()
  const [path = ''] = files(root, '.log')
  const whole = readFileSync(path)
  for (let size = 0; size <= whole.length; size += 7) {
    writeFileSync(path, whole.subarray(0, size))
    const torn = open(context, root)
    const kept = Math.floor((size * 3) / whole.length)
    assert.deepEqual(await found(torn), [1, 1, 2, 2, 3, 3].slice(0, 2 * kept))
    await torn.append(STREAM, [entry(9)], 0)
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
    const root = folder()
    const storage = open(context, root)
    await storage.append(STREAM, [entry(1)], 0)
    path = files(root, '.log')[0] ?? ''
    // A pipe is not opened for reading before somebody opens it for writing.
    renameSync(path, `${path}.kept`)
    execFileSync('mkfifo', [path])
    const refused = assert.rejects(found(storage), /ESPIPE/)
    const other = { ...STREAM, streamId: 'c'.repeat(16) }
    await storage.append(other, [entry(2)], 0)
    const [stats] = await storage.stats(other.groupId, [other.streamId])
    assert.equal(stats?.newest, 2)
    await storage.delete(other)
    await (await openFile(path, 'w')).close()
    await refused
    renameSync(`${path}.kept`, path)
    assert.deepEqual(await found(storage), [1])
  },
)

test('segments: one’s many searches keep neither another’s nor a deletion waiting', async (context) => {
  const root = folder()
  const storage = open(context, root)
  await storage.append(STREAM, [entry(1)], 0)
  const [path = ''] = files(root, '.log')
  // The thread that reads hangs at a pipe until all is asked.
  renameSync(path, `${path}.kept`)
  execFileSync('mkfifo', [path])
  context.after(() => closeSync(openSync(`${path}.pipe`, constants.O_RDWR | constants.O_NONBLOCK)))
  const hanging = assert.rejects(found(storage), /ESPIPE/)
  let [answered, refused] = [0, 0]
  const many = Array.from({ length: 1000 }, () =>
    storage.read({ ...ALL, of: 'A' }).then(
      () => answered++,
      (error: unknown) => {
        assert.ok(error instanceof StorageUnavailable)
        refused++
      },
    ),
  )
  const before = storage.read({ ...ALL, of: 'B' }).then(() => answered)
  // What is answered by the thread that writes, and by it after all that is asked above.
  await storage.stats(STREAM.groupId, [STREAM.streamId], 'B')
  await storage.expire(STREAM.groupId, 0)
  renameSync(path, `${path}.pipe`)
  renameSync(`${path}.kept`, path)
  await (await openFile(`${path}.pipe`, 'w')).close()
  await Promise.all([hanging, ...many])
  assert.ok((await before) < 50, `${await before} came first`)
  assert.ok(refused > 0 && refused < 10, `${refused} were refused`)
})

test('segments: a question that the end overtakes is told so', async (context) => {
  const storage = open(context, folder())
  const finding = found(storage)
  await Promise.all([
    storage.close(),
    finding.catch((error: unknown) => assert.ok(error instanceof StorageUnavailable)),
  ])
})

test('segments: what the disk refuses is told, and a mistake of ours goes on its way', () => {
  assert.equal(refusal(new StorageUnavailable('full')).message, 'full')
  const error = new Error('ENOSPC: no space left on device, write') as NodeJS.ErrnoException
  error.syscall = 'write'
  assert.equal(refusal(error).message, error.message)
  assert.throws(() => refusal(new TypeError('x is not a function')), TypeError)
})

test('segments: a damaged batch is not read, its neighbours are, and the operator hears of it', async (context) => {
  const root = folder()
  const storage = open(context, root)
  for (const n of [1, 2, 3]) await storage.append(STREAM, [entry(n)], 0)
  await storage.close()
  const [path = ''] = files(root, '.log')
  const bytes = readFileSync(path)
  bytes[Math.floor(bytes.length / 2)]! ^= 1
  writeFileSync(path, bytes)
  said.length = 0
  const again = open(context, root)
  assert.deepEqual(await found(again), [1, 3])
  await again.append(STREAM, [entry(4)], 0)
  assert.deepEqual(await found(again), [1, 3, 4])
  await again.close()
  assert.equal(said[0]?.['path'], path)
})

test('segments: a full segment is left with an index, and one that is damaged is made again', async (context) => {
  const root = folder()
  const storage = open(context, root)
  const payload = 'x'.repeat(1 << 20)
  const count = SEGMENT_BYTES_MAX / payload.length + 3
  for (let n = 0; n < count; n++) await storage.append(STREAM, [{ timestamp: n, payload }], n)
  await storage.close()
  const [index = ''] = files(root, '.idx')
  assert.equal(files(root, '.log').length, 2)
  for (const text of [readFileSync(index, 'utf8'), '', '0\n{}']) {
    writeFileSync(index, text)
    const again = open(context, root)
    const [stats] = await again.stats(STREAM.groupId, [STREAM.streamId])
    assert.equal(stats?.storedBytes, count * (payload.length + 26))
    const { entries } = await again.read({ ...ALL, from: 3, until: 4 })
    assert.deepEqual(
      entries.map(({ timestamp, appendedAt }) => [timestamp, appendedAt]),
      [[3, 3]],
    )
    await again.close()
  }
})

test('segments: what expires goes by whole files', async (context) => {
  const root = folder()
  const storage = open(context, root)
  const DAY_MS = 24 * 3_600_000
  for (const day of [1, 3, 5]) await storage.append(STREAM, [entry(day * DAY_MS)], 0)
  assert.equal(files(root, '.log').length, 3, 'one file holds no more than a day')
  await storage.expire(STREAM.groupId, 4 * DAY_MS)
  assert.equal(files(root, '.log').length, 1)
  await storage.append(STREAM, [entry(5 * DAY_MS + 1)], 0)
  assert.deepEqual(await found(storage), [5 * DAY_MS, 5 * DAY_MS + 1])
  await storage.close()
})

test('segments: where the disk takes nothing, appends are refused, and go on when it does again', async (context) => {
  const root = folder()
  const storage = open(context, root)
  // A file where the stream's folder has to be.
  appendFileSync(join(root, STREAM.groupId), 'in the way')
  await assert.rejects(storage.append(STREAM, [entry(1)], 0), StorageUnavailable)
  rmSync(join(root, STREAM.groupId))
  await storage.append(STREAM, [entry(2)], 0)
  assert.deepEqual(await found(storage), [2])
  await storage.close()
  await assert.rejects(storage.append(STREAM, [entry(3)], 0), StorageUnavailable)
})

test('segments: more than the disk can take is refused before it fills the memory', async (context) => {
  const storage = open(context, folder())
  const payload = 'x'.repeat(1 << 20)
  const all = Array.from({ length: 100 }, (_, n) =>
    storage.append(STREAM, [{ timestamp: n, payload }], 0).then(
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
  assert.equal(stats?.storedBytes, taken.length * (payload.length + 26))
  await storage.close()
})

/** As much as a search looks at, in payloads of which none is found. */
async function muchOf(storage: EntryStorage): Promise<void> {
  const payload = 'x'.repeat(1 << 20)
  for (let n = 0; n < 40; n++) await storage.append(STREAM, [{ timestamp: n, payload }], 0)
}

test('files: the searches of one room keep no reads and no appends of another room waiting', async (context) => {
  const root = folder()
  const files = new Files(root, log, fatal)
  const room = (name: string): RoomFiles => ({ name, matching: MATCHING })
  const [busy, other] = [files.open(room('busy')), files.open(room('other'))]
  context.after(() => Promise.all([busy.close(), other.close()]))
  await muchOf(busy)
  await other.append(STREAM, [entry(1)], 0)
  await busy.read({ ...ALL, limit: 1 })
  const ends: string[] = []
  const searches = Array.from({ length: 8 }, () =>
    busy.read({ ...ALL, match: including('y') }).then(() => ends.push('search')),
  )
  await other.append(STREAM, [entry(2)], 0)
  ends.push('append')
  const { entries } = await other.read({ ...ALL, match: including('line 2') })
  ends.push('read')
  assert.equal(entries.length, 1)
  await Promise.all(searches)
  assert.deepEqual(ends.slice(0, 2), ['append', 'read'])
})

test('files: a room that closes leaves the others open, and can be opened again', async () => {
  const root = folder()
  const files = new Files(root, log, fatal)
  const room = (name: string): RoomFiles => ({ name, matching: MATCHING })
  const [one, other] = [files.open(room('one')), files.open(room('other'))]
  await one.append(STREAM, [entry(1)], 0)
  await one.close()
  await assert.rejects(one.append(STREAM, [entry(2)], 0), StorageUnavailable)
  await other.append(STREAM, [entry(3)], 0)
  assert.deepEqual(await found(other), [3])
  await other.close()
  const again = files.open(room('one'))
  assert.deepEqual(await found(again), [1])
  await again.close()
  assert.deepEqual(readdirSync(root).toSorted(), ['one', 'other'])
})

test('segments: files of the first release are read as they are', async (context) => {
  const root = folder()
  const path = join(root, STREAM.groupId, STREAM.streamId)
  mkdirSync(path, { recursive: true })
  const full =
    'QkxHMR8AAAB7TB6dAgAAAAAAAAAAABxAAAAAAAAAAAAAAAAAAADwPwAAAAAAAABAAAAAAAAA8D8DAAAAb25lAAAAAAAAAEAEAAAAenfDtg=='
  const last =
    'QkxHMREAAABYpkhpAQAAAAAAAAAAACBAAAAAAAAAAEAAAAAAAAAIQAAAAAAAAAhAAAAAAAAACEAFAAAAdGhyZWU='
  const index =
    '882736451\n{"sum":{"bytes":79,"oldest":1,"newest":2,"lastIngestionTime":7,"nextSequence":2,"storedBytes":59},"blocks":[{"at":0,"bytes":79,"oldest":1,"newest":2}]}'
  writeFileSync(join(path, '00000001.log'), full, 'base64')
  writeFileSync(join(path, '00000001.idx'), index)
  writeFileSync(join(path, '00000002.log'), last, 'base64')
  const storage = open(context, root)
  const { entries } = await storage.read(ALL)
  assert.deepEqual(
    entries.map(({ payload, ...place }) => ({ ...place, text: payload.toString() })),
    [
      { timestamp: 1, streamId: STREAM.streamId, sequence: 0, appendedAt: 7, text: 'one' },
      { timestamp: 2, streamId: STREAM.streamId, sequence: 1, appendedAt: 7, text: 'zwö' },
      { timestamp: 3, streamId: STREAM.streamId, sequence: 2, appendedAt: 8, text: 'three' },
    ],
  )
  const stats = await storage.stats(STREAM.groupId, [STREAM.streamId])
  assert.deepEqual(stats, [{ oldest: 1, newest: 3, lastAppendedAt: 8, storedBytes: 59 + 31 }])
  assert.equal(readFileSync(join(path, '00000001.idx'), 'utf8'), index, 'and left as they are')
  await storage.close()
})

test('files: a thread that ends by itself is told once, to whoever waits too, and leaves no other behind', async () => {
  const root = folder()
  const fatals: Error[] = []
  const files = new Files(root, log, (error) => fatals.push(error))
  const broken = {
    module: 'data:text/javascript,export const nothing = 1',
    compile: MATCHING.compile,
  }
  const [one, other] = [
    files.open({ name: 'one', matching: broken }),
    files.open({ name: 'other', matching: MATCHING }),
  ]
  await one.append(STREAM, [entry(1)], 0)
  await assert.rejects(one.read({ ...ALL, match: including('line') }), StorageUnavailable)
  assert.match(fatals.map(String).join(), /^TypeError: compile is not a function$/)
  await assert.rejects(other.append(STREAM, [entry(1)], 0), /compile is not a function/)
  await one.close()
  await other.close()
  const again = files.open({ name: 'one', matching: MATCHING })
  assert.deepEqual(await found(again), [1])
  await again.close()
})
