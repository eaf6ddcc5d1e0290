/**
 * The thread that writes, for all rooms. Of one room, appends that come while the disk is busy go together in the next
 * round, so that many streams cost one wait, and deletions keep their place among them; rooms do not wait for each
 * other. Reads go on to the thread that reads, with what is durable.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'

import type { Asked, FromThread, OpenRoom, ToWriter } from '../worker.ts'
import { type Append, Folders } from './folders.ts'
import type { Question } from './reading-worker.ts'
import { refusal } from './refusal.ts'
import { Reserve } from './reserve.ts'

assert(parentPort, 'this file runs as a worker')
const port = parentPort
const say = (message: FromThread): void => port.postMessage(message)
const questions = workerData as MessagePort
const reserve = new Reserve()

class RoomWriter {
  readonly #room: OpenRoom
  readonly #folders: Folders
  readonly #waiting: Asked[] = []
  #isWriting = false

  constructor(room: OpenRoom) {
    const { root, bytes } = room
    const damaged = (path: string): void => say({ type: 'damaged', path })
    this.#room = room
    this.#folders = new Folders({ root, bytes, damaged, reserve })
  }

  take(asked: Asked): void {
    if (asked.type === 'read' || asked.type === 'stats') return this.#answer(asked)
    this.#waiting.push(asked)
    if (!this.#isWriting) void this.#write()
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    // What was posted in the same turn goes along.
    await new Promise((done) => setImmediate(done))
    const waiting = this.#waiting
    while (waiting.length > 0) {
      const count = waiting.findIndex(({ type }) => type !== 'append')
      const appends = waiting.splice(0, count < 0 ? waiting.length : count)
      if (appends.length > 0) await this.#append(appends as (Asked & { type: 'append' })[])
      const [next] = waiting
      if (next && next.type !== 'append') {
        waiting.shift()
        this.#answer(next)
      }
    }
    this.#isWriting = false
  }

  async #append(asked: readonly (Asked & { type: 'append' })[]): Promise<void> {
    const appends = asked.map(({ stream, frame }): Append => ({
      stream,
      frame: Buffer.from(frame),
    }))
    const failed = await this.#folders.append(appends)
    for (const [index, { id }] of asked.entries()) {
      const why = failed.get(index)
      say(why ? { type: 'failed', id, refusal: why } : { type: 'done', id, result: undefined })
    }
  }

  #answer(asked: Exclude<Asked, { type: 'append' }>): void {
    const { id } = asked
    try {
      if (asked.type !== 'read') return say({ type: 'done', id, result: this.#resultOf(asked) })
      const { query } = asked
      const streams = this.#folders.durable(query)
      questions.postMessage({ id, room: this.#room, query, streams } satisfies Question)
    } catch (error) {
      say({ type: 'failed', id, refusal: refusal(error) })
    }
  }

  #resultOf(asked: Exclude<Asked, { type: 'append' | 'read' }>): unknown {
    switch (asked.type) {
      case 'stats':
        return this.#folders.stats(asked.groupId, asked.streamIds)
      case 'expire':
        return this.#folders.expire(asked.groupId, asked.before)
      case 'drop oldest':
        return this.#folders.dropOldest(asked.groupId)
      case 'delete':
        return this.#folders.delete(asked.what)
      case 'close':
        rooms.delete(this.#room.name)
        return this.#folders.close()
    }
  }
}

const rooms = new Map<string, RoomWriter>()
port.on('message', (message: ToWriter) => {
  if (message.type === 'open') rooms.set(message.room.name, new RoomWriter(message.room))
  else rooms.get(message.room)?.take(message)
})
