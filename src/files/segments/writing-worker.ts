/**
 * The thread that writes. Appends that come while the disk is busy go together in the next round, so that many streams
 * cost one wait; deletions keep their place among them. Reads go on to the thread that reads, with what is durable.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'

import { type Append, Folders } from './folders.ts'
import type { Question } from './reading-worker.ts'
import { refusal } from './refusal.ts'
import type { Asked, FromThread } from './segment-storage.ts'

assert(parentPort, 'this file runs as a worker')
const port = parentPort
const say = (message: FromThread): void => port.postMessage(message)
const { root, questions } = workerData as { root: string; questions: MessagePort }
const folders = new Folders(root, (path) => say({ type: 'damaged', path }))

const waiting: Asked[] = []
let isWriting = false

port.on('message', (asked: Asked) => {
  if (asked.type === 'read' || asked.type === 'stats') return answer(asked)
  waiting.push(asked)
  if (!isWriting) void write()
})

async function write(): Promise<void> {
  isWriting = true
  // What was posted in the same turn goes along.
  await new Promise((done) => setImmediate(done))
  while (waiting.length > 0) {
    const count = waiting.findIndex(({ type }) => type !== 'append')
    const appends = waiting.splice(0, count < 0 ? waiting.length : count)
    if (appends.length > 0) await append(appends as (Asked & { type: 'append' })[])
    const [next] = waiting
    if (next && next.type !== 'append') {
      waiting.shift()
      answer(next)
    }
  }
  isWriting = false
}

async function append(asked: readonly (Asked & { type: 'append' })[]): Promise<void> {
  const appends = asked.map(({ stream, frame }): Append => ({ stream, frame: Buffer.from(frame) }))
  const failed = await folders.append(appends)
  for (const [index, { id }] of asked.entries()) {
    const message = failed.get(index)
    say(
      message === undefined
        ? { type: 'done', id, result: undefined }
        : { type: 'failed', id, message },
    )
  }
}

function answer(asked: Exclude<Asked, { type: 'append' }>): void {
  const { id } = asked
  try {
    if (asked.type !== 'read') return say({ type: 'done', id, result: resultOf(asked) })
    const { query } = asked
    questions.postMessage({ id, query, streams: folders.durable(query) } satisfies Question)
  } catch (error) {
    say({ type: 'failed', id, message: refusal(error) })
  }
}

function resultOf(asked: Exclude<Asked, { type: 'append' | 'read' }>): unknown {
  switch (asked.type) {
    case 'stats':
      return folders.stats(asked.groupId, asked.streamIds)
    case 'expire':
      return folders.expire(asked.groupId, asked.before)
    case 'delete':
      return folders.delete(asked.what)
    case 'close':
      return folders.close()
  }
}
