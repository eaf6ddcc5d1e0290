/**
 * The one place where a task's record changes: counts, versions, reservations and the published stream follow from
 * here, so that none of them can be forgotten.
 */
import { ownerOf } from '#room/owned.ts'
import { announce, type Moment, noticeKind } from '#store/notices.ts'
import type { Write } from '#store/store.ts'

import {
  clusterKey,
  containerInstanceArn,
  containerInstanceKey,
  ofTask,
  taskArn,
} from '../names/names.ts'
import {
  clusterCounts,
  type ClusterCounts,
  containerInstances,
  type Reservation,
  type Resources,
  type Task,
  tasks,
} from '../records/records.ts'
import { ShareCounts } from './shares.ts'
import { toTask } from './view.ts'

export type { Moment } from '#store/notices.ts'

/** AWS's `ECS Task State Change`: its detail is the task as DescribeTasks shows it. */
const taskNotices = noticeKind<Task>({
  source: 'aws.ecs',
  detailType: 'ECS Task State Change',
  table: tasks,
  told: (task, time) => ({
    ...ownerOf(task),
    resources: [taskArn(task)],
    detail: {
      ...toTask(task),
      containerInstanceArn: containerInstanceArn(task),
      updatedAt: new Date(time),
    },
  }),
})

/** Sets fields of a task; one version more, and everybody who listens hears of it. */
export const changeTask = (tx: Write, before: Task, fields: Partial<Task>, moment: Moment): Task =>
  together(tx, (all) => all.change(before, fields, moment))

/** Many tasks at once: what follows for counts and container instances is written when `body` has ended, once for all. */
export function together<R>(tx: Write, body: (all: Tasks) => R): R {
  const all = new Tasks(tx)
  const result = body(all)
  all.write()
  return result
}

type Counts = { readonly running: number; readonly pending: number }
/** What the changes of tasks come to. */
class Sum {
  running = 0
  pending = 0
  changes = 0
  /** What those held that have ended. */
  readonly ended: Reservation[] = []

  add({ running, pending }: Counts): void {
    this.running += running
    this.pending += pending
    this.changes += 1
  }
}

/** What tasks change of each cluster or container instance, by its key. */
class Sums extends Map<string, Sum> {
  of(key: string): Sum {
    let sum = this.get(key)
    if (!sum) this.set(key, (sum = new Sum()))
    return sum
  }
}

/** Tasks that change together. */
export class Tasks {
  readonly #tx: Write
  readonly #shares: ShareCounts
  readonly #clusters = new Sums()
  readonly #instances = new Sums()

  constructor(tx: Write) {
    this.#tx = tx
    this.#shares = new ShareCounts(tx)
  }

  /**
   * A new task, already placed: takes what it needs from its container instance, at once, for that decides where the next
   * one goes.
   */
  add(task: Task, moment: Moment): void {
    const key = ofTask(task)
    this.#tx.put(tasks, key, task)
    this.#count(undefined, task, moment.now)
    const host = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
    const instance = this.#tx.get(containerInstances, host)
    if (instance)
      this.#tx.patch(containerInstances, host, {
        remaining: reserve(instance.remaining, task.reserved),
        runningTasksCount: instance.runningTasksCount + running(task),
        pendingTasksCount: instance.pendingTasksCount + pending(task),
        version: instance.version + 1,
      })
    announce(this.#tx, taskNotices, { key, record: task }, moment)
  }

  /** See `changeTask`. */
  change(before: Task, fields: Partial<Task>, moment: Moment): Task {
    const key = ofTask(before)
    const after = this.#tx.patch(tasks, key, { ...fields, version: before.version + 1 }) as Task
    const change = this.#count(before, after, moment.now)
    const ends = after.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED'
    if (ends || change.running !== 0 || change.pending !== 0) {
      const sum = this.#instances.of(
        containerInstanceKey(after, after.clusterName, after.containerInstanceId),
      )
      sum.add(change)
      if (ends) sum.ended.push(after.reserved)
    }
    announce(this.#tx, taskNotices, { key, record: after }, moment)
    return after
  }

  #count(before: Task | undefined, after: Task, now: number): Counts {
    const change = {
      running: running(after) - running(before),
      pending: pending(after) - pending(before),
    }
    this.#shares.changed(before, after, { ...change, now })
    if (change.running !== 0 || change.pending !== 0)
      this.#clusters.of(clusterKey(after, after.clusterName)).add(change)
    return change
  }

  write(): void {
    for (const [key, sum] of this.#instances) {
      const instance = this.#tx.get(containerInstances, key)
      if (!instance) continue
      let { remaining } = instance
      for (const held of sum.ended) remaining = giveBack(remaining, instance.registered, held)
      this.#tx.patch(containerInstances, key, {
        remaining,
        runningTasksCount: instance.runningTasksCount + sum.running,
        pendingTasksCount: instance.pendingTasksCount + sum.pending,
        version: instance.version + sum.changes,
      })
    }
    for (const [key, sum] of this.#clusters)
      changeCounts(this.#tx, key, {
        runningTasksCount: sum.running,
        pendingTasksCount: sum.pending,
      })
    this.#shares.write()
  }
}

const running = (task: Task | undefined): number =>
  task?.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING' ? 1 : 0
const pending = (task: Task | undefined): number =>
  task && ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus) ? 1 : 0
const NONE: ClusterCounts = {
  runningTasksCount: 0,
  pendingTasksCount: 0,
  registeredContainerInstancesCount: 0,
}

/** Adds to the numbers that DescribeClusters shows. */
export function changeCounts(tx: Write, key: string, by: Partial<ClusterCounts>): void {
  if (!Object.values(by).some((change) => change !== 0)) return
  const before = tx.get(clusterCounts, key) ?? NONE
  tx.put(clusterCounts, key, {
    runningTasksCount: before.runningTasksCount + (by.runningTasksCount ?? 0),
    pendingTasksCount: before.pendingTasksCount + (by.pendingTasksCount ?? 0),
    registeredContainerInstancesCount:
      before.registeredContainerInstancesCount + (by.registeredContainerInstancesCount ?? 0),
  })
}

/** What is left of resources once the need is reserved in them. */
export const reserve = (from: Resources, need: Reservation): Resources => ({
  cpu: from.cpu - need.cpu,
  memoryMiB: from.memoryMiB - need.memoryMiB,
  ports: need.ports.length === 0 ? from.ports : [...from.ports, ...need.ports],
  portsUdp: need.portsUdp.length === 0 ? from.portsUdp : [...from.portsUdp, ...need.portsUdp],
  gpuIds:
    need.gpuIds.length === 0 ? from.gpuIds : from.gpuIds.filter((id) => !need.gpuIds.includes(id)),
})

function giveBack(remaining: Resources, registered: Resources, held: Reservation): Resources {
  const without = (ports: readonly number[], given: readonly number[], own: readonly number[]) =>
    ports.filter((port) => !given.includes(port) || own.includes(port))
  return {
    cpu: remaining.cpu + held.cpu,
    memoryMiB: remaining.memoryMiB + held.memoryMiB,
    ports: without(remaining.ports, held.ports, registered.ports),
    portsUdp: without(remaining.portsUdp, held.portsUdp, registered.portsUdp),
    gpuIds: registered.gpuIds.filter(
      (id) => remaining.gpuIds.includes(id) || held.gpuIds.includes(id),
    ),
  }
}
