/**
 * The thread that reads, for all rooms, so that no search and no disk that is slow to read keeps an append waiting. What
 * is durable it is told by the thread that writes, with each question. Searches take turns, however many a room has.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'

import type { Compile, Matcher } from '../matching.ts'
import type { Query } from '../storage.ts'
import type { FromThread, OpenRoom } from '../worker.ts'
import type { Durable } from './folders.ts'
import { packed } from './packed-page.ts'
import { refusal } from './refusal.ts'
import { search } from './search.ts'

export type Question = {
  readonly id: number
  readonly room: OpenRoom
  readonly query: Query
  readonly streams: readonly Durable[]
}

/** Of one room: each holds what it found and what it may find next, and the room's others wait. */
const SEARCHES_AT_ONCE = 4

assert(parentPort, 'this file runs as a worker')
const port = parentPort
const questions = workerData as MessagePort
const say = (message: FromThread): void => port.postMessage(message)

type Room = { readonly waiting: Question[]; searching: number }
const rooms = new Map<string, Room>()

questions.on('message', (question: Question) => {
  const { name } = question.room
  const room = rooms.get(name) ?? { waiting: [], searching: 0 }
  rooms.set(name, room)
  room.waiting.push(question)
  if (room.searching < SEARCHES_AT_ONCE) void work(room)
})

async function work(room: Room): Promise<void> {
  room.searching++
  for (let next = room.waiting.shift(); next; next = room.waiting.shift()) await answer(next)
  room.searching--
}

async function answer({ id, room, query, streams }: Question): Promise<void> {
  const { root, module } = room
  try {
    const matcher = await matcherOf(module, query.match)
    const page = await search({ root, query, streams, matcher }, (path) =>
      say({ type: 'damaged', path }),
    )
    const result = packed(page)
    const { numbers, payloads } = result
    const memory = [numbers.buffer, payloads.buffer]
    port.postMessage({ type: 'done', id, result } satisfies FromThread, memory)
  } catch (error) {
    say({ type: 'failed', id, refusal: refusal(error) })
  }
}

async function matcherOf(module: string, match: string | undefined): Promise<Matcher | undefined> {
  if (match === undefined) return undefined
  const { compile } = (await import(module)) as { readonly compile: Compile }
  return compile(match)
}
