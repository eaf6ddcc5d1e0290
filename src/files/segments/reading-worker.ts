/**
 * The thread that reads, for all rooms, so that no search and no disk that is slow to read keeps an append waiting. What
 * is durable it is told by the thread that writes, with each question. Searches take turns, however many a room has, and
 * those who ask in one room come one after the other, however much each asks.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'
import { ByTurns } from '#kernel/by-turns.ts'
import { Shares } from '#kernel/shares.ts'

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

/** Of one room, and half of it for one that asks alone: each holds what it found and what it may find next, and others wait. */
const SEARCHES_AT_ONCE = 8

assert(parentPort, 'this file runs as a worker')
const port = parentPort
const questions = workerData as MessagePort
const say = (message: FromThread): void => port.postMessage(message)

/** By who asks. */
type Room = { readonly waiting: ByTurns<string, Question>; readonly searching: Shares<string> }
const rooms = new Map<string, Room>()

questions.on('message', (question: Question) => {
  const { name } = question.room
  const room = rooms.get(name) ?? {
    waiting: new ByTurns(),
    searching: new Shares(SEARCHES_AT_ONCE),
  }
  rooms.set(name, room)
  room.waiting.add(question.query.of ?? '', question)
  work(room)
})

function work(room: Room): void {
  const { waiting, searching } = room
  const next = () => waiting.next((of) => searching.of(of) < searching.partOf(of))
  for (let found = next(); found; found = next()) void take(room, found.owner, found.item)
}

async function take(room: Room, of: string, question: Question): Promise<void> {
  room.searching.add(of, 1)
  // A short search has no turns of its own: whoever has asked meanwhile is heard of first.
  await new Promise((others) => setImmediate(others))
  await answer(question)
  room.searching.add(of, -1)
  work(room)
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
