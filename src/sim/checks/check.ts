/** What a check is: it watches what becomes durable, what leaves, and what really runs, and throws where that must not be. */
import type { Clock } from '#kernel/clock.ts'
import type { Change, Store } from '#store/store.ts'

import type { ContainerEvent, SimEngine } from '../engine.ts'
import type { Oracle } from '../oracle.ts'

/** A host as checks see it. */
export type Observable = {
  readonly name: string
  readonly engine: SimEngine
  readonly containerInstanceArn: string | undefined
  /** When a call of an agent to the engine failed last: what ended for that reason ended rightly. */
  readonly engineFailedAt: number
  /** How often its agent has lost its state. */
  readonly losses: number
  /** It will never come back. */
  readonly isLost: boolean
}
export type Evidence = {
  readonly clock: Clock
  readonly oracle: Oracle
  readonly hosts: readonly Observable[]
  /** After which time out of reach the operator takes a host for lost. */
  readonly lostAfterMs: number | undefined
}
export type Answered = {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  /** Absent where the answer is an error. */
  readonly output?: Readonly<Record<string, unknown>> | undefined
  readonly refusal?: Readonly<Record<string, unknown>> | undefined
}
export type Check = {
  readonly name: string
  /** A commit became durable; the oracle has it. */
  readonly commit?: (changes: readonly Change[]) => void
  /** An answer leaves the server. */
  readonly answer?: (answered: Answered) => void
  /** Something became of a container. */
  readonly container?: (host: Observable, event: ContainerEvent) => void
  /** A server has read its state back. */
  readonly restarted?: (store: Store) => void
  /** The weather was calm for long enough. */
  readonly calm?: () => void
  /** From now on nothing happens but what time and hearts do. */
  readonly resting?: () => void
  readonly said?: (host: string, path: string, frame: string) => void
  readonly rested?: () => void
}
export type MakeCheck = (evidence: Evidence) => Check

export class Violation extends Error {
  override name = 'Violation'
}

export function holds(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Violation(message)
}
