/**
 * What a share of a service counts, kept in the very transaction in which its task changes: so a count can be neither
 * lost nor taken twice, whatever crashes. Called by tasks/change.ts only.
 */
import type { Table, Write } from '#store/store.ts'

import { definitionKey } from '../names/names.ts'
import { HEALTH_FAILED, inService, shareOf } from '../names/services.ts'
import { type Task, taskDefinitions } from '../records/records.ts'
import {
  type Deployment,
  deployments,
  serviceRevisions,
  taskSets,
  type TaskSet,
  type Throttle,
} from '../records/services.ts'

/** The first pause after a round of launches that came to nothing; AWS does not say how long its own is. */
const THROTTLE_FIRST_MS = 10_000
/**
 * The longest pauses. What never gets to RUNNING waits as long as AWS lets it; AWS does not throttle what ends after that,
 * and there a start takes the better part of a minute, which is the pace that a crash loop has here.
 */
const THROTTLE_LIMIT_MS = { START: 27 * 60_000, CRASH: 60_000 } as const
/** A task that ends by itself sooner than it could have counted as healthy is one of a crash loop. */
const CRASH_MS = 40_000

export class ShareCounts {
  readonly #tx: Write
  readonly #shares = new Map<string, Share>()

  constructor(tx: Write) {
    this.#tx = tx
  }

  changed(
    before: Task | undefined,
    after: Task,
    change: { readonly running: number; readonly pending: number; readonly now: number },
  ): void {
    const share = this.#shareOf(after)
    if (!share) return
    const { row, fields } = share
    const more: Partial<Deployment> = {
      ...(change.running !== 0 && { runningCount: row.runningCount + change.running }),
      ...(change.pending !== 0 && { pendingCount: row.pendingCount + change.pending }),
      ...fate(row, before, after, change.now),
    }
    Object.assign(row, more)
    Object.assign(fields, more)
    if (after.containers !== before?.containers) keepDigests(this.#tx, row, after)
  }

  write(): void {
    for (const [key, { table, fields }] of this.#shares)
      if (Object.keys(fields).length > 0) this.#tx.patch<Deployment | TaskSet>(table, key, fields)
  }

  /** Nothing for a task that stands alone, and where a service that was created anew counts nothing of the one before. */
  #shareOf(task: Task): Share | undefined {
    const named = shareOf(task)
    if (!named) return undefined
    const { tenant, accountId, region, clusterName } = task
    const { serviceName, shareId } = named
    const key = inService({ tenant, accountId, region, clusterName, serviceName }, shareId)
    const known = this.#shares.get(key)
    if (known) return known
    const table = this.#tx.get(deployments, key) ? deployments : taskSets
    const row = this.#tx.get<Deployment | TaskSet>(table, key)
    if (!row) return undefined
    const share = { table, row: { ...row }, fields: {} }
    this.#shares.set(key, share)
    return share
  }
}

/** A share as the changes so far leave it, and what of it they change. */
type Share = {
  readonly table: Table<Deployment | TaskSet>
  readonly row: Deployment | TaskSet
  readonly fields: Partial<Deployment>
}

/** What a tag means is asked once a revision: the first task that pulled it decides for all later ones. */
function keepDigests(tx: Write, row: Deployment | TaskSet, task: Task): void {
  const told = task.containers.filter(({ imageDigest }) => imageDigest !== undefined)
  if (told.length === 0) return
  const key = inService(row, row.revisionId)
  const revision = tx.get(serviceRevisions, key)
  if (!revision || told.every(({ name }) => Object.hasOwn(revision.digests, name))) return
  const definition = tx.get(taskDefinitions, definitionKey(task, task.family, task.revision))
  const asked = new Map(
    definition?.definition.containerDefinitions.map((container) => [container.name, container]),
  )
  const pinned = told.filter(({ name }) => {
    const { image = '@', versionConsistency } = asked.get(name) ?? {}
    return versionConsistency !== 'disabled' && !image.includes('@')
  })
  const digests = Object.fromEntries(
    pinned.map(({ name, imageDigest }) => [name, imageDigest ?? '']),
  )
  const all = { ...digests, ...revision.digests }
  if (Object.keys(all).length > Object.keys(revision.digests).length)
    tx.patch(serviceRevisions, key, { digests: all })
}

/** What a task's beginning or end says of its share. Pure. */
export function fate(
  row: Deployment | TaskSet,
  before: Task | undefined,
  after: Task,
  now: number,
): Partial<Deployment> {
  const isDeployment = 'deploymentId' in row
  const began = after.startedAt !== undefined && before?.startedAt === undefined
  const ended = after.lastStatus === 'STOPPED' && before?.lastStatus !== 'STOPPED'
  if (ended) return end(row, after, now)
  if (!began) return {}
  return {
    ...(isDeployment && !row.hasRun && { hasRun: true }),
    ...(row.throttle?.of === 'START' && { throttle: undefined }),
  }
}

function end(row: Deployment | TaskSet, task: Task, now: number): Partial<Deployment> {
  const isDeployment = 'deploymentId' in row
  const isAsked = task.stopCode === 'UserInitiated' || task.stopCode === 'ServiceSchedulerInitiated'
  // Asked to stop by the scheduler or a user before it ran, a task has not failed.
  const neverRan = task.startedAt === undefined && !isAsked
  const unhealthy = task.startedAt !== undefined && task.stoppedReason === HEALTH_FAILED
  const ranMs = now - (task.startedAt ?? now)
  const crashed = !neverRan && !isAsked && ranMs < CRASH_MS
  const isFailure = neverRan || unhealthy
  return {
    ...(isDeployment && isFailure && { failedTasks: row.failedTasks + 1 }),
    ...(isDeployment && (unhealthy || (neverRan && !row.hasRun)) && { failures: row.failures + 1 }),
    ...(neverRan && { throttle: throttled(row.throttle, 'START', task.createdAt, now) }),
    ...((crashed || unhealthy) && {
      throttle: throttled(row.throttle, 'CRASH', task.createdAt, now),
    }),
    ...(!neverRan && !crashed && !isAsked && row.throttle && { throttle: undefined }),
  }
}

/** Tasks that were launched together fail together, and are one round. */
function throttled(
  before: Throttle | undefined,
  of: Throttle['of'],
  createdAt: number,
  now: number,
): Throttle {
  if (before && createdAt < before.until) return before
  const rounds = (before?.rounds ?? 0) + 1
  // One crash is no loop: the first is made good at once.
  const doublings = of === 'CRASH' ? rounds - 2 : rounds - 1
  const wait =
    doublings < 0 ? 0 : Math.min(THROTTLE_LIMIT_MS[of], THROTTLE_FIRST_MS * 2 ** doublings)
  return { of, rounds, until: now + wait }
}
