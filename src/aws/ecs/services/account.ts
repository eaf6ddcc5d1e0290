/**
 * What a share of a service counts, kept in the very transaction in which its task changes: so a count can be neither
 * lost nor taken twice, whatever crashes. Called by tasks/change.ts only.
 */
import type { Write } from '#store/store.ts'

import { definitionKey } from '../names.ts'
import { type Task, taskDefinitions } from '../records.ts'
import { inService, shareOf } from './names.ts'
import {
  type Deployment,
  deployments,
  serviceRevisions,
  taskSets,
  type TaskSet,
} from './records.ts'

/** The first pause after a round of launches that came to nothing, and the longest; AWS names only the second. */
const THROTTLE_FIRST_MS = 10_000
const THROTTLE_LIMIT_MS = 27 * 60_000

export function countTask(
  tx: Write,
  before: Task | undefined,
  after: Task,
  change: { readonly running: number; readonly pending: number; readonly now: number },
): void {
  const share = shareOf(after)
  if (!share) return
  const key = inService({ ...after, serviceName: share.serviceName }, share.shareId)
  const table = tx.get(deployments, key) ? deployments : taskSets
  const row = tx.get<Deployment | TaskSet>(table, key)
  // A service that was created anew under the name counts nothing of the one before.
  if (!row) return
  const fields = {
    ...(change.running !== 0 && { runningCount: row.runningCount + change.running }),
    ...(change.pending !== 0 && { pendingCount: row.pendingCount + change.pending }),
    ...fate(row, before, after, change.now),
  }
  if (Object.keys(fields).length > 0) tx.patch<Deployment | TaskSet>(table, key, fields)
  if (after.containers !== before?.containers) keepDigests(tx, row, after)
}

/** What a tag means is asked once a revision: the first task that pulled it decides for all later ones. */
function keepDigests(tx: Write, row: Deployment | TaskSet, task: Task): void {
  const told = task.containers.filter(({ imageDigest }) => imageDigest !== undefined)
  if (told.length === 0) return
  const key = inService(row, row.revisionId)
  const revision = tx.get(serviceRevisions, key)
  if (!revision || told.every(({ name }) => name in revision.digests)) return
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
  if (began)
    return {
      ...(isDeployment && !row.hasRun && { hasRun: true }),
      ...(row.throttle && { throttle: undefined }),
    }
  if (!ended) return {}
  // Asked to stop by the scheduler or a user before it ran, a task has not failed.
  const neverRan = after.startedAt === undefined && after.stopCode === 'TaskFailedToStart'
  const unhealthy = after.healthStatus === 'UNHEALTHY' && after.stopCode !== 'UserInitiated'
  if (!neverRan && !(unhealthy && after.startedAt !== undefined)) return {}
  return {
    ...(isDeployment && { failedTasks: row.failedTasks + 1 }),
    ...(isDeployment && (unhealthy || !row.hasRun) && { failures: row.failures + 1 }),
    ...(neverRan && { throttle: throttled(row.throttle, after.createdAt, now) }),
  }
}

type Throttle = NonNullable<Deployment['throttle']>

/** Tasks that were launched together fail together, and are one round. */
function throttled(before: Throttle | undefined, createdAt: number, now: number): Throttle {
  if (before && createdAt < before.until) return before
  const rounds = (before?.rounds ?? 0) + 1
  const wait = Math.min(THROTTLE_LIMIT_MS, THROTTLE_FIRST_MS * 2 ** (rounds - 1))
  return { rounds, until: now + wait }
}
