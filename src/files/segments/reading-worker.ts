/**
 * The thread that reads, so that no search and no disk that is slow to read keeps an append waiting. What is durable it
 * is told by the thread that writes, with each question.
 */
import { parentPort } from 'node:worker_threads'

import { assert } from '#kernel/assert.ts'

import type { Query } from '../storage.ts'
import type { Durable } from './folders.ts'
import type { Reader } from './reading.ts'
import { refusal } from './refusal.ts'
import { search } from './search.ts'
import type { FromThread } from './segment-storage.ts'

export type Question = {
  readonly id: number
  readonly query: Query
  readonly streams: readonly Durable[]
}

/** Of one storage: each holds what it found and what it may find next, and the others wait. */
const SEARCHES_AT_ONCE = 4

assert(parentPort, 'this file runs as a worker')
parentPort.on('message', ({ root, questions, answers }: Reader) => {
  const say = (message: FromThread): void => answers.postMessage(message)
  const waiting: Question[] = []
  let searching = 0
  questions.on('message', (question: Question) => {
    waiting.push(question)
    if (searching < SEARCHES_AT_ONCE) void work()
  })

  async function work(): Promise<void> {
    searching++
    for (let next = waiting.shift(); next; next = waiting.shift()) await answer(next)
    searching--
  }

  async function answer({ id, query, streams }: Question): Promise<void> {
    try {
      const result = await search(root, query, streams, (path) => say({ type: 'damaged', path }))
      say({ type: 'done', id, result })
    } catch (error) {
      say({ type: 'failed', id, message: refusal(error) })
    }
  }
})
