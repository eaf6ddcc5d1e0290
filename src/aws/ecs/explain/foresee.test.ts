/** A plan is what then happens when hosts do as they are told: held to the scheduler that acts, over thousands of states. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Clock } from '#kernel/clock.ts'
import { runReconcilers } from '#reconcile/runner.ts'
import type { Change, Store } from '#store/store.ts'

import { takeHealth } from '../agents/health.ts'
import {
  containerInstanceArn,
  containerInstanceKey,
  definitionArn,
  taskArn,
} from '../names/names.ts'
import { serviceScheduler } from '../reconcilers/services.ts'
import { containerInstances, type Task, tasks } from '../records/records.ts'
import { type ServiceEvent, serviceEvents } from '../records/services.ts'
import { applyReport } from '../tasks/report.ts'
import { foresee, type Foreseen } from './foresee.ts'
import { BEGIN, KEY, orderedIds, states, storeIn } from './states.fixture.ts'
import { endsBy } from './stopping.ts'

const RUNS = 10_000
const ROUNDS_MAX = 500
/** How long a service is watched after its plan has come to its end. */
const AFTER_MS = 5 * 60_000

test('what is foreseen is what happens', async () => {
  const ends = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(states, async (state) => {
      const { ids, now } = { ids: orderedIds(), now: BEGIN }
      const foreseen = (await storeIn(state)).rehearse((tx) => foresee(tx, KEY, { now, ids }))
      // Which of equally good hosts is taken also hangs on what was asked before: here, in both, nothing was.
      const store = await storeIn(state)
      ends.set(foreseen.end, (ends.get(foreseen.end) ?? 0) + 1)
      assert.deepEqual(await play(store, foreseen), said(foreseen))
    }),
    { numRuns: RUNS, seed: 1 },
  )
  for (const end of ['STEADY', 'STUCK', 'WAITS_FOR_HOSTS', 'INACTIVE'])
    assert.ok(ends.has(end), `no service was ${end}`)
})

type Told = { readonly acts: readonly string[]; readonly events: readonly string[] }

/** What is done at which moment, in an order that does not tell which of two in one moment was first. */
const said = ({ steps, events }: Foreseen): Told => ({
  acts: steps
    .flatMap(({ afterMs, starts, stops }) => [
      ...starts.map((one) => `${afterMs} + ${one.taskDefinitionArn} ${one.containerInstanceArn}`),
      ...stops.map((one) => `${afterMs} - ${one.taskArn} ${one.reason}`),
    ])
    .toSorted(),
  events: events.flatMap(plain).toSorted(),
})
/** Tasks of one moment may be told of together or one by one. */
function plain(message: string): readonly string[] {
  const ids = message.match(/\(task [\w-]+\)/g) ?? []
  const did = message.replace(/ \d+ (running )?tasks: .*/, '')
  return ids.length > 0 ? ids.map(() => did) : [message]
}

/** The scheduler itself, woken by what changes and by time, and hosts that report. */
async function play(store: Store, { afterMs }: Foreseen): Promise<Told> {
  const clock = new JumpingClock()
  const acts: string[] = []
  const events: string[] = []
  store.watch(({ changes }) => {
    for (const change of changes) {
      const act = actOf(change)
      if (act) acts.push(`${clock.now() - BEGIN} ${act}`)
      if (change.table === serviceEvents.name && change.after)
        events.push(...plain((change.after as ServiceEvent).message))
    }
  })
  const stop = new AbortController()
  const tools = { store, clock, ids: orderedIds() } as never
  // Before the scheduler hears of it: a slower host's service may tell of trouble that is over a moment later.
  store.watch(() => void obey(store, tools, clock.now()))
  runReconcilers([serviceScheduler(tools, {})], {
    store,
    clock,
    signal: stop.signal,
    onError: (_name, _key, error) => {
      throw error
    },
  })
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await quiet()
    if (round === 0 && obey(store, tools, clock.now())) continue
    const limit = BEGIN + afterMs + AFTER_MS
    // A host that has ended a task says so before the scheduler looks at that moment.
    if (clock.to(Math.min(nextEnd(store), limit))) obey(store, tools, clock.now())
    else if (!clock.jump(limit)) break
  }
  stop.abort()
  return { acts: acts.toSorted(), events: events.toSorted() }
}

function actOf({ table, before, after }: Change): string | undefined {
  if (table !== tasks.name || !after) return undefined
  const [was, is] = [before as Task | undefined, after as Task]
  if (!was) return `+ ${definitionArn(is, is.family, is.revision)} ${containerInstanceArn(is)}`
  const stops = was.desiredStatus === 'RUNNING' && is.desiredStatus === 'STOPPED'
  return stops ? `- ${taskArn(is)} ${is.stoppedReason ?? ''}` : undefined
}

/** Hosts that can be told do all that they were told, and say so. */
function obey(store: Store, tools: never, now: number): boolean {
  const live = store.read((tx) =>
    [...tx.scan(tasks)]
      .map(({ row }): Task => row)
      .filter(({ lastStatus }) => lastStatus !== 'STOPPED')
      .filter((task) => tx.get(containerInstances, hostOf(task))?.agentConnected),
  )
  const before = store.revision
  store.transact((tx) => {
    for (const task of live) {
      const status = task.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING'
      if (task.lastStatus === status || (endsBy(tx, task) ?? 0) > now) continue
      const containers = [{ containerName: 'app', status, exitCode: undefined }]
      applyReport(tx, task, { status, containers }, { now, id: `${status} ${task.taskId}` })
    }
  })
  for (const task of live)
    if (task.desiredStatus === 'RUNNING' && task.healthStatus === 'UNKNOWN')
      takeHealth(tools, hostOf(task), [
        {
          taskArn: taskArn(task),
          containers: [{ containerName: 'app', healthStatus: 'HEALTHY' }],
        },
      ])
  return store.revision !== before
}

/** When the next task that was asked to end has. */
const nextEnd = (store: Store): number =>
  store.read((tx) =>
    Math.min(
      ...[...tx.scan(tasks)]
        .filter(({ row }) => row.lastStatus !== 'STOPPED')
        .map(({ row }) => endsBy(tx, row) ?? Infinity),
    ),
  )

const hostOf = (task: Task): string =>
  containerInstanceKey(task, task.clusterName, task.containerInstanceId)

/** Time that stands still until it jumps to the next timer. */
class JumpingClock implements Clock {
  #now = BEGIN
  #timers: { readonly at: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  sleep(): Promise<void> {
    throw new Error('nobody sleeps here')
  }

  /** False where a timer is due before that, or the moment is over. */
  to(moment: number): boolean {
    if (moment <= this.#now || this.#timers.some(({ at }) => at < moment)) return false
    this.#now = moment
    return true
  }

  /** False where nothing is due before `limit`. */
  jump(limit: number): boolean {
    const [next] = this.#timers.toSorted((one, other) => one.at - other.at)
    if (!next || next.at > limit) return false
    this.#timers = this.#timers.filter((one) => one !== next)
    this.#now = Math.max(this.#now, next.at)
    next.run()
    return true
  }
}

const quiet = (): Promise<void> => new Promise((done) => setImmediate(done))
