import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { logSuite } from './log.suite.ts'
import { LogError } from './log.ts'
import { type FromWorker, SqliteLog, type ToWorker } from './sqlite-log.ts'
import { Store, table } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
after(() => rmSync(folder, { recursive: true }))
const at = (place: string) => join(folder, `${place}.db`)

logSuite('sqlite', (place) => new SqliteLog(at(place)))

const rows = table<{ readonly text: string }>('sqlite.rows')
const fail = (error: Error) => assert.fail(error)

test('a second server on the same data is refused by name', async () => {
  const store = await Store.open(new SqliteLog(at('twice')), fail)
  await assert.rejects(
    Store.open(new SqliteLog(at('twice')), () => {}),
    {
      name: 'LogError',
      message: 'another Berth server is using this data directory',
    },
  )
  await store.close()
})

test('an altered journal row is found, never read', async () => {
  const store = await Store.open(new SqliteLog(at('altered')), fail)
  await store.write((tx) => tx.put(rows, 'a', { text: 'one' }))
  await store.write((tx) => tx.put(rows, 'a', { text: 'two' }))
  await store.close()
  const db = new DatabaseSync(at('altered'))
  db.exec(`UPDATE journal SET changes = replace(changes, 'one', 'eno') WHERE revision = 1`)
  db.close()
  await assert.rejects(
    Store.open(new SqliteLog(at('altered')), () => {}),
    (error) => {
      assert(error instanceof LogError)
      assert.match(error.message, /damaged at revision 1/)
      return true
    },
  )
})

/** The files as a killed server leaves them: nothing is folded into the database yet. */
async function killed(place: string, commits: number): Promise<string> {
  const store = await Store.open(new SqliteLog(at(`${place}-live`)), fail)
  for (let index = 0; index < commits; index += 1)
    await store.write((tx) => tx.put(rows, `row-${index}`, { text: `text-${index}` }))
  for (const file of ['', '-wal', '.mark'])
    copyFileSync(`${at(`${place}-live`)}${file}`, `${at(place)}${file}`)
  await store.close()
  return at(place)
}

/** Where in the write-ahead log the text of this commit is. */
function placeInWal(path: string, text: string): number {
  const place = readFileSync(`${path}-wal`).indexOf(text)
  assert(place > 0)
  return place
}

function flip(path: string, place: number): void {
  const bytes = readFileSync(path)
  bytes[place] = (bytes[place] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

const opened = (path: string) => Store.open(new SqliteLog(path), () => {})

test('a tail that was torn while it was written was never acknowledged: all before it is there', async () => {
  const path = await killed('torn', 20)
  appendFileSync(`${path}-wal`, Buffer.alloc(3000, 'half a frame'))
  const store = await opened(path)
  assert.equal(
    store.read((tx) => [...tx.scan(rows)].length),
    20,
  )
  await store.close()
})

test('a bit that flips in what was acknowledged is found, wherever it is', async () => {
  for (const [place, row] of [
    ['flip-first', 'text-3"'],
    ['flip-last', 'text-19"'],
  ] as const) {
    const path = await killed(place, 20)
    flip(`${path}-wal`, placeInWal(path, row))
    await assert.rejects(opened(path), { name: 'LogError', message: /its end is lost|damaged/ })
  }
  // What is folded into the database has the chain's checksums.
  const folded = await killed('flip-folded', 20)
  await (await opened(folded)).close()
  flip(folded, readFileSync(folded).indexOf('text-3"'))
  await assert.rejects(opened(folded), { name: 'LogError', message: /damaged at revision 4/ })
})

test('an end that is cut off is missed, and its loss can be accepted', async () => {
  const path = await killed('cut', 20)
  const bytes = readFileSync(`${path}-wal`)
  writeFileSync(`${path}-wal`, bytes.subarray(0, bytes.length - 9000))
  await assert.rejects(opened(path), /but 20 was acknowledged/)
  rmSync(`${path}.mark`)
  const store = await opened(path)
  const left = store.read((tx) => [...tx.scan(rows)].length)
  assert.ok(left > 0 && left < 20)
  await store.close()
})

test('a write-ahead log that is gone is missed, whatever else is gone, and its loss can be accepted', async () => {
  const path = await killed('gone', 20)
  rmSync(`${path}-wal`)
  rmSync(`${path}.mark`)
  await assert.rejects(opened(path), {
    name: 'LogError',
    message:
      /gone\.db was not closed in good order, and .*gone\.db-wal.* is gone with .*gone\.db\.mark: put them back/,
  })
  writeFileSync(`${path}-wal`, '')
  const store = await opened(path)
  await store.write((tx) => tx.put(rows, 'a', { text: 'goes on' }))
  await store.close()
  rmSync(`${path}.mark`)
  // Closed in good order, all of it is in one file.
  const again = await opened(path)
  assert.ok(again.read((tx) => tx.get(rows, 'a')))
  await again.close()
})

const COMMITS = 20_000
const TURNS = 20

test('a snapshot that begins while its forerunner still drops what it replaced takes nothing from it', async () => {
  const log = new SqliteLog(at('drops'))
  await log.load({ row: () => {}, commit: () => {} })
  const durable = (wanted: number) =>
    new Promise<void>((done) =>
      log.listen((revision) => {
        if (revision === wanted) done()
      }, fail),
    )
  const commit = (revision: number, text: string) =>
    log.append(revision, JSON.stringify([['sqlite.rows', 'a', 'put', { text }]]))
  // So many that they are dropped in several goes.
  for (let revision = 1; revision <= COMMITS; revision++) commit(revision, 'before')
  await durable(COMMITS)
  const first = log.snapshot(COMMITS)
  await first.rows([['sqlite.rows', 'a', { text: 'before' }]])
  commit(COMMITS + 1, 'after')
  await durable(COMMITS + 1)
  // Said at once, so that the second begins while the first drops. It never ends.
  const ended = first.end()
  const second = log.snapshot(COMMITS + 1)
  await ended
  // Each answer takes the thread a turn of its loop, in which it drops the next part.
  for (let turn = 0; turn < TURNS; turn++) await second.rows([])
  await log.close()
  const store = await opened(at('drops'))
  assert.deepEqual(
    store.read((tx) => tx.get(rows, 'a')),
    { text: 'after' },
  )
  await store.close()
})

test('what is loaded waits for who takes it, a few parts ahead', async () => {
  const store = await Store.open(new SqliteLog(at('ahead')), fail)
  const text = 'x'.repeat(200_000)
  for (let index = 0; index < 60; index += 1)
    await store.write((tx) => tx.put(rows, `row-${index}`, { text }))
  await store.close()
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: { path: at('ahead') },
  })
  let parts = 0
  const closed = Promise.withResolvers<void>()
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'commits') parts += 1
    else if (message.type === 'failed') closed.reject(new Error(message.message))
    else closed.resolve()
  })
  for (const type of ['load', 'more', 'more', 'close'] satisfies ToWorker['type'][])
    worker.postMessage({ type })
  await closed.promise
  await worker.terminate()
  assert.equal(parts, 4 + 2)
})

test('many commits of one turn are one write to the disk', async () => {
  const store = await Store.open(new SqliteLog(at('group')), fail)
  const writes = Array.from({ length: 500 }, (_, key) =>
    store.write((tx) => tx.put(rows, String(key), { text: 'x' })),
  )
  await Promise.all(writes)
  assert.equal(
    store.read((tx) => [...tx.scan(rows)].length),
    500,
  )
  await store.close()
})
