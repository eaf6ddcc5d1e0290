/**
 * The thread that reads, for all rooms, so that no search and no disk that is slow to read keeps an append waiting. What
 * is durable it is told by the thread that writes, with each question. Searches take turns, however many a room has, and
 * those who ask in one room come one after the other, however much each asks.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'
import { fairPart } from '#kernel/fair-part.ts'

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

/** By who asks; of those that wait, in the order in which they are asked next. */
type Room = {
  readonly waiting: Map<string, Question[]>
  readonly searching: Map<string, number>
  all: number
}
const rooms = new Map<string, Room>()

questions.on('message', (question: Question) => {
  const { name } = question.room
  const of = question.query.of ?? ''
  const room = rooms.get(name) ?? { waiting: new Map(), searching: new Map(), all: 0 }
  rooms.set(name, room)
  const own = room.waiting.get(of)
  if (own) own.push(question)
  else room.waiting.set(of, [question])
  work(room)
})

function work(room: Room): void {
  for (let next = takeNext(room); next; next = takeNext(room)) void take(room, next)
}

function takeNext({ waiting, searching, all }: Room): Question | undefined {
  for (const [of, questions] of waiting) {
    const own = searching.get(of) ?? 0
    if (own >= fairPart(SEARCHES_AT_ONCE, all - own)) continue
    const question = questions.shift()
    waiting.delete(of)
    if (questions.length > 0) waiting.set(of, questions)
    return question
  }
  return undefined
}

async function take(room: Room, question: Question): Promise<void> {
  const of = question.query.of ?? ''
  count(room, of, 1)
  // A short search has no turns of its own: whoever has asked meanwhile is heard of first.
  await new Promise((others) => setImmediate(others))
  await answer(question)
  count(room, of, -1)
  work(room)
}

function count(room: Room, of: string, more: number): void {
  const own = (room.searching.get(of) ?? 0) + more
  room.all += more
  if (own === 0) room.searching.delete(of)
  else room.searching.set(of, own)
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
