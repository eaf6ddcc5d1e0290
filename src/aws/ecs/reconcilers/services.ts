/** The service scheduler: each service is brought nearer to what it should be whenever something of it changes. */
import { type ChangeOf, on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'
import { type Read, TransactionTooLarge } from '#store/store.ts'

import { clusterKey } from '../names/names.ts'
import { serviceKey, shareOf } from '../names/services.ts'
import type { Policy } from '../policy.ts'
import {
  type ContainerInstance,
  containerInstances,
  type Task,
  tasks,
  tasksByInstance,
} from '../records/records.ts'
import { type Service, services, serviceDeployments, taskSets } from '../records/services.ts'
import { isOther } from '../scheduler/hosts.ts'
import { TASKS_PER_STEP } from '../services/act.ts'
import { isRebalanced } from '../services/rebalancing.ts'
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
  function* ofAnother(service: string): Iterable<string> {
    yield service
    // Room is kept for a daemon where it is not: less, once it is another or is gone.
    if (isDaemon(service)) yield* waiting.of(ofCluster(service))
  }
  function* ofHost(change: HostChange): Iterable<string> {
    const cluster = clusterOf((change.after ?? change.before) as ContainerInstance)
    if (changesRoom(change)) yield* waiting.of(cluster)
    if (changesHosts(change) || empties(change)) yield* watching.of(cluster)
    if (changesFate(change)) yield* store.read((tx) => servicesOn(tx, change.key))
  }
  function* hurried(keys: Iterable<string>): Iterable<string> {
    for (const key of keys) {
      pace.hurry(key)
      yield key
    }
  }
  return {
    name: 'ecs services',
    hears: [
      on(services, (change) => (isNews(change) ? hurried(ofAnother(change.key)) : [])),
      on(serviceDeployments, ({ key }) => hurried(ofAnother(ofPart(key)))),
      on(taskSets, (change) => (isNews(change) ? hurried(ofAnother(ofPart(change.key))) : [])),
      on(tasks, (change) => (isGoingWell(change) ? ofTask(change) : hurried(ofTask(change)))),
      on(containerInstances, (change) => hurried(ofHost(change))),
    ],
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

/** The service of a task, where more than a count of it changed. */
function ofTask({ before, after }: ChangeOf<Task>): readonly string[] {
  const task = after ?? before
  const share = task && shareOf(task)
  if (!share || (before && after && isSame(before, after))) return []
  return [serviceKey(task, task.clusterName, share.serviceName)]
}

/** What the scheduler alone writes, of a service and of a task set. */
type Noted = Pick<Service, 'toldAt'> & Partial<Pick<Service, 'isSteady'>>

/** What the scheduler itself notes down says nothing new to it. */
const isNews = ({ before, after }: ChangeOf<Noted>): boolean =>
  before === undefined ||
  after === undefined ||
  (before.isSteady === after.isSteady && before.toldAt === after.toldAt)

const isSame = (was: Task, is: Task): boolean =>
  was.lastStatus === is.lastStatus &&
  was.desiredStatus === is.desiredStatus &&
  was.containers === is.containers &&
  was.protectedUntil === is.protectedUntil

/** A task that begins: a service of many is looked at when many have. */
const isGoingWell = ({ before, after }: ChangeOf<Task>): boolean =>
  after?.desiredStatus === 'RUNNING' &&
  (!before || (before.lastStatus !== after.lastStatus && after.lastStatus === 'RUNNING'))

/** The service that a deployment or a task set is of. */
const ofPart = (key: string): string => key.slice(0, key.lastIndexOf('/'))
const ofCluster = (service: string): string => service.slice(0, service.lastIndexOf('/'))
const clusterOf = (instance: ContainerInstance): string =>
  clusterKey(instance, instance.clusterName)

type HostChange = ChangeOf<ContainerInstance>

/** Whether a host may take now what it could not take before, or is no place for what it has. */
const changesRoom = (change: HostChange): boolean =>
  changesHosts(change) || change.before?.remaining !== change.after?.remaining

/** Whether hosts came, went or became others: what daemons and services in balance look at. */
const changesHosts = ({ before, after }: HostChange): boolean => isOther(before, after)

/** Whether something ended where all is to go: a daemon waits there until it is the last. */
const empties = ({ before, after }: HostChange): boolean =>
  after?.status === 'DRAINING' && before?.remaining !== after.remaining

/** Whether what it has may have to leave it, or may stay again. */
const changesFate = ({ before, after }: HostChange): boolean =>
  before?.status !== after?.status || before?.agentConnected !== after?.agentConnected

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
