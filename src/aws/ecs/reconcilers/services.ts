import type { Reconciler } from '#reconcile/reconciler.ts'
/** The service scheduler: each service is brought nearer to what it should be whenever something of it changes. */
import type { Tools } from '#room/room.ts'
import { type Change, type Read, TransactionTooLarge } from '#store/store.ts'

import { clusterKey } from '../names.ts'
import type { Policy } from '../policy.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  tasks,
  tasksByInstance,
} from '../records.ts'
import { isOther } from '../scheduler/hosts.ts'
import { TASKS_PER_STEP } from '../services/act.ts'
import { serviceKey, shareOf } from '../services/names.ts'
import { isRebalanced } from '../services/rebalancing.ts'
import {
  type Service,
  services,
  serviceDeployments,
  type TaskSet,
  taskSets,
} from '../services/records.ts'
import { schedule } from '../services/schedule.ts'
import { Pace } from './pace.ts'

/** How often to look whether services may act again. */
const HALTED_MS = 1_000

export const serviceScheduler = ({ store, clock, ids }: Tools, policy: Policy): Reconciler => {
  const waiting = new ByCluster()
  const watching = new ByCluster()
  const pace = new Pace()
  const isDaemon = (key: string): boolean =>
    store.read((tx) => tx.get(services, key)?.schedulingStrategy === 'DAEMON')
  function* concerned(change: Change): Iterable<string> {
    const own = serviceOf(change)
    if (own !== undefined) yield own
    if (own !== undefined && change.table !== tasks.name && isDaemon(own))
      // Room is kept for a daemon where it is not: less, once it is another or is gone.
      yield* waiting.of(ofCluster(own))
    if (change.table !== containerInstances.name) return
    const instance = (change.after ?? change.before) as ContainerInstance
    if (changesRoom(change)) yield* waiting.of(clusterOf(instance))
    if (changesHosts(change) || empties(change)) yield* watching.of(clusterOf(instance))
    if (changesFate(change)) yield* store.read((tx) => servicesOn(tx, change.key))
  }
  return {
    name: 'ecs services',
    hears: [
      services.name,
      serviceDeployments.name,
      taskSets.name,
      tasks.name,
      containerInstances.name,
    ],
    *wakes(change) {
      for (const key of concerned(change)) {
        if (!isGoingWell(change)) pace.hurry(key)
        yield key
      }
    },
    *all(tx) {
      for (const { key, row } of tx.scan(services)) if (row.status !== 'INACTIVE') yield key
    },
    reconcile(key) {
      const halt = (policy.haltedUntil ?? 0) - clock.now()
      if (halt > 0) return Math.min(halt, HALTED_MS)
      const wait = pace.wait(key, clock.now())
      if (wait > 0) return wait
      const { outlook, service } = inSteps((tasksPerStep) => {
        const world = { now: clock.now(), ids, lostAfterMs: policy.lostHostAfterMs, tasksPerStep }
        return store.transact((tx) => ({
          outlook: schedule(tx, key, world),
          service: tx.get(services, key),
        })).result
      })
      const isActive = service?.status === 'ACTIVE'
      waiting.set(key, outlook.waitsForHosts)
      watching.set(key, isActive && (isDaemon(key) || isRebalanced(service)))
      // A plan that takes several steps is done without a pause.
      if (outlook.again === 0) return 0
      return pace.looked(key, isActive ? service.desiredCount : 0, clock.now(), outlook.again)
    },
  }
}

/** Tasks with many containers, tags or long texts are more than a step usually carries: then it is made smaller. */
function inSteps<R>(step: (tasksPerStep: number) => R): R {
  for (let tasks = TASKS_PER_STEP; ; tasks = Math.ceil(tasks / 4))
    try {
      return step(tasks)
    } catch (error) {
      if (!(error instanceof TransactionTooLarge) || tasks === 1) throw error
    }
}

/** The service that a change is about, where it is about more than a count of its tasks. */
function serviceOf({ table, key, before, after }: Change): string | undefined {
  if (table === services.name) return isNews(before as Service, after as Service) ? key : undefined
  const isOfOne =
    table === serviceDeployments.name ||
    (table === taskSets.name && isNews(before as TaskSet, after as TaskSet))
  if (isOfOne) return key.slice(0, key.lastIndexOf('/'))
  if (table !== tasks.name) return undefined
  const [was, is] = [before as Task | undefined, after as Task | undefined]
  const task = is ?? was
  const share = task && shareOf(task)
  if (!share || (was && is && isSame(was, is))) return undefined
  return serviceKey(task, task.clusterName, share.serviceName)
}

/** What the scheduler alone writes, of a service and of a task set. */
type Noted = Pick<Service, 'toldAt'> & Partial<Pick<Service, 'isSteady'>>

/** What the scheduler itself notes down says nothing new to it. */
const isNews = (before?: Noted, after?: Noted): boolean =>
  before === undefined ||
  after === undefined ||
  (before.isSteady === after.isSteady && before.toldAt === after.toldAt)

const isSame = (was: Task, is: Task): boolean =>
  was.lastStatus === is.lastStatus &&
  was.desiredStatus === is.desiredStatus &&
  was.containers === is.containers &&
  was.protectedUntil === is.protectedUntil

/** A task that begins: a service of many is looked at when many have. */
function isGoingWell({ table, before, after }: Change): boolean {
  if (table !== tasks.name) return false
  const [was, is] = [before as Task | undefined, after as Task | undefined]
  return (
    is?.desiredStatus === 'RUNNING' &&
    (!was || (was.lastStatus !== is.lastStatus && is.lastStatus === 'RUNNING'))
  )
}

const ofCluster = (service: string): string => service.slice(0, service.lastIndexOf('/'))
const clusterOf = (instance: ContainerInstance): string =>
  clusterKey(instance, instance.clusterName)

/** Whether a host may take now what it could not take before, or is no place for what it has. */
function changesRoom(change: Change): boolean {
  const { before, after } = change
  const [was, is] = [before, after] as [ContainerInstance?, ContainerInstance?]
  return changesHosts(change) || was?.remaining !== is?.remaining
}

/** Whether hosts came, went or became others: what daemons and services in balance look at. */
function changesHosts({ before, after }: Change): boolean {
  return isOther(...([before, after] as [ContainerInstance?, ContainerInstance?]))
}

/** Whether something ended where all is to go: a daemon waits there until it is the last. */
function empties({ before, after }: Change): boolean {
  const [was, is] = [before, after] as [ContainerInstance?, ContainerInstance?]
  return is?.status === 'DRAINING' && was?.remaining !== is.remaining
}

/** Whether what it has may have to leave it, or may stay again. */
function changesFate({ before, after }: Change): boolean {
  const [was, is] = [before, after] as [ContainerInstance?, ContainerInstance?]
  return was?.status !== is?.status || was?.agentConnected !== is?.agentConnected
}

function servicesOn(tx: Read, instanceKey: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { row } of tx.find(tasksByInstance, instanceKey)) {
    const share = shareOf(row)
    if (share) found.add(serviceKey(row, row.clusterName, share.serviceName))
  }
  return found
}

/** Services that wait for hosts, by cluster. In memory only: every service is looked at when the server starts. */
class ByCluster {
  readonly #byCluster = new Map<string, Set<string>>()

  of(cluster: string): Iterable<string> {
    return this.#byCluster.get(cluster) ?? []
  }

  set(service: string, waits: boolean): void {
    const cluster = ofCluster(service)
    const known = this.#byCluster.get(cluster)
    if (waits) this.#byCluster.set(cluster, (known ?? new Set()).add(service))
    else known?.delete(service)
  }
}
