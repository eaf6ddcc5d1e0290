/**
 * What hosts say over their connections: state changes in batches, and what became of the topics that they are told.
 * State changes are what they are in the plain protocol, by the same functions; only the way is shorter: what all hosts
 * said while the last of it became durable is taken together.
 */
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Tools } from '#room/room.ts'
import type { EntryState, Topic } from '#room/topic.ts'
import type { Write } from '#store/store.ts'
import type { StateChange } from '#wire/extension.ts'

import { containerInstanceArn } from '../names/names.ts'
import { containerInstances, type Task } from '../records/records.ts'
import { type Tasks, together } from '../tasks/change.ts'
import { applyReportTo, essentials } from '../tasks/report.ts'
import { reportedTask } from '../tasks/reported-task.ts'

/** As an answer says it: without a code the change was taken. */
type Result = { readonly code?: string; readonly message?: string }

const ACTION = 'ecs:SubmitTaskStateChange'
/** Changes in one commit; each is some five records. */
const CHANGES_PER_COMMIT = 100
/** Batches that are taken before others have the thread: one of a busy host has some changes, one at its limit many. */
const BATCHES_PER_TURN = 100

type Reported = {
  readonly take: (tx: Write, all: Tasks) => Result
  /** An Error where taking it was our own mistake. */
  result: Result | Error
}
type Batch = {
  readonly reported: readonly Reported[]
  readonly done: (results: readonly Result[]) => void
  readonly failed: (error: Error) => void
}

type Told = { readonly caller: Caller; readonly change: StateChange }

export class Intake {
  readonly #tools: Tools
  /** What has come and is not taken; a connection has a limit of its own for what it sends without waiting. */
  readonly #waiting: Batch[] = []
  #running = false

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** Each change by itself, as if it had come by a call of its own. Resolves once all that were taken are durable. */
  take(caller: Caller, changes: readonly StateChange[]): Promise<readonly Result[]> {
    return new Promise((done, failed) => {
      const reported = changes.map((change): Reported => ({
        take: (tx, all) => this.#take(tx, all, { caller, change }),
        result: TAKEN,
      }))
      this.#add({ reported, done, failed })
    })
  }

  /** What became on a host of some entries of a topic. Resolves once it is durable. */
  hear(topic: Topic, host: string, states: readonly EntryState[]): Promise<unknown> {
    return new Promise((done, failed) => {
      const take = (tx: Write): Result => {
        // One that was deregistered meanwhile says nothing any more.
        const isHost = (tx.get(containerInstances, host)?.status ?? 'INACTIVE') !== 'INACTIVE'
        if (isHost) topic.heard?.(tx, host, states)
        return TAKEN
      }
      this.#add({ reported: [{ take, result: TAKEN }], done, failed })
    })
  }

  #add(batch: Batch): void {
    this.#waiting.push(batch)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const batches = this.#waiting.splice(0, BATCHES_PER_TURN)
      this.#takeAll(batches.flatMap(({ reported }) => reported))
      const { store } = this.#tools
      const failure = await store.settled(store.revision).then(
        () => undefined,
        (error: unknown) => error as Error,
      )
      for (const batch of batches) answer(batch, failure)
    }
    this.#running = false
  }

  #takeAll(all: readonly Reported[]): void {
    for (let at = 0; at < all.length; at += CHANGES_PER_COMMIT) {
      const some = all.slice(at, at + CHANGES_PER_COMMIT)
      // What cannot be taken together is taken one by one, so that each has its own result.
      if (!this.#commit(some)) for (const one of some) this.#commit([one])
    }
  }

  /** False where nothing was taken: together they are too much, or one is our own mistake. */
  #commit(some: readonly Reported[]): boolean {
    try {
      this.#tools.store.transact((tx) =>
        together(tx, (all) => {
          for (const one of some) one.result = one.take(tx, all)
        }),
      )
      return true
    } catch (error) {
      for (const one of some) one.result = error as Error
      return false
    }
  }

  #take(tx: Write, all: Tasks, { caller, change }: Told): Result {
    const { clock, ids } = this.#tools
    let task: Task
    try {
      task = this.#allowed(tx, caller, change)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return { code: error.code, message: error.message }
    }
    applyReportTo(
      all,
      task,
      { ...change, ...instants(change) },
      {
        essential: essentials(tx, task),
        moment: { now: clock.now(), id: ids.uuid() },
      },
    )
    return TAKEN
  }

  /** The task that is reported of, where the caller may report of it. */
  #allowed(tx: Write, caller: Caller, change: StateChange): Task {
    const task = reportedTask(tx, caller, change)
    const resources = [containerInstanceArn(task)]
    const verdict = this.#tools.authorize(caller, {
      action: ACTION,
      resources,
      conditions: {},
    })
    if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
    return task
  }
}

const TAKEN: Result = {}

function answer({ reported, done, failed }: Batch, failure: Error | undefined): void {
  const results = reported.map(({ result }) => result)
  const wrong = failure ?? results.find((result) => result instanceof Error)
  if (wrong) failed(wrong)
  else done(results)
}

const instants = ({ pullStartedAt, pullStoppedAt, executionStoppedAt }: StateChange) => ({
  pullStartedAt: instant(pullStartedAt),
  pullStoppedAt: instant(pullStoppedAt),
  executionStoppedAt: instant(executionStoppedAt),
})

const instant = (seconds: number | undefined): Date | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000)
