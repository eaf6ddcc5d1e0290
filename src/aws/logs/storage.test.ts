import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { Files } from '#files/files.ts'
import { MemoryStorage } from '#files/memory-storage.ts'
import { type Place, SCAN_STEPS_MAX } from '#files/storage.ts'
import { linearRegExp } from '#kernel/linear-regexp.ts'

import { LOG_FILES, type LogStorage, logStorage, type Page } from './storage.ts'

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
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

for (const kind of ['memory', 'files']) {
  test(`log events in ${kind}: what comes back is what was put, and patterns find it`, async (context) => {
    const root = mkdtempSync(join(tmpdir(), 'berth-logs-'))
    const files = new Files(root, quiet, (error) => assert.fail(error))
    const storage = logStorage(
      kind === 'memory' ? new MemoryStorage(LOG_FILES) : files.open(LOG_FILES),
    )
    context.after(async () => {
      await storage.close()
      rmSync(root, { recursive: true, force: true })
    })
    await found(storage)
    await budget(storage)
  })
}

async function found(storage: LogStorage): Promise<void> {
  const messages = ['{"level":"ERROR","é":1}', 'ERROR two', ' ', 'fine', '😀 \u0000']
  const events = messages.map((message, timestamp) => ({ timestamp, message }))
  await storage.append(STREAM, events, 9)
  const { streamId } = STREAM
  const stored = events.map((event, sequence) => ({
    ...event,
    streamId,
    sequence,
    ingestionTime: 9,
  }))
  assert.deepEqual(await storage.read(ALL), { events: stored })
  assert.deepEqual(await storage.read({ ...ALL, pattern: ' ' }), { events: stored })
  const one = await storage.read({ ...ALL, pattern: 'ERROR', limit: 1 })
  assert.deepEqual(one, {
    events: stored.slice(0, 1),
    reached: { timestamp: 0, streamId, sequence: 0 },
  })
  const levels = await storage.read({ ...ALL, pattern: '{ $.level = "ERROR" }' })
  assert.deepEqual(levels.events, stored.slice(0, 1))
  const bytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message) + 26, 0)
  assert.deepEqual(await storage.stats(STREAM.groupId, [streamId, 'c']), [
    { firstEventTimestamp: 0, lastEventTimestamp: 4, lastIngestionTime: 9, storedBytes: bytes },
    { storedBytes: 0 },
  ])
  await storage.delete(STREAM)
}

/** A large expression looks at less before a page ends, and finds all in the end. */
async function budget(storage: LogStorage): Promise<void> {
  const source = '[ab]{0,470}c'
  const COUNT = 200
  const message = (n: number): string => (n === COUNT - 1 ? 'c' : 'x').padStart(1000, 'x')
  const lines = Array.from({ length: COUNT }, (_, n) => ({ timestamp: n, message: message(n) }))
  await storage.append(STREAM, lines, 0)
  const aPage = Math.ceil(SCAN_STEPS_MAX / (1000 * linearRegExp(source).size))
  assert.ok(aPage < COUNT / 2)
  for (let from = 0, beyond: Place | undefined; from < COUNT; from += aPage) {
    const page: Page = await storage.read({ ...ALL, pattern: `%${source}%`, beyond })
    const isLast = from + aPage >= COUNT
    assert.equal(page.reached?.timestamp, isLast ? undefined : from + aPage - 1)
    assert.equal(page.events.length, isLast ? 1 : 0)
    beyond = page.reached
  }
}
