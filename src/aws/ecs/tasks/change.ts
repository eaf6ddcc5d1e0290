/**
 * The one place where a task's record changes: counts, versions, reservations and the published stream follow from
 * here, so that none of them can be forgotten.
 */
import { announce, type Moment, noticeKind } from '#store/notices.ts'
import type { Write } from '#store/store.ts'

import {
  clusterKey,
  containerInstanceArn,
  containerInstanceKey,
  ofTask,
  taskArn,
} from '../names.ts'
import {
  clusterCounts,
  type ClusterCounts,
  containerInstances,
  type ContainerInstance,
  type Reservation,
  type Resources,
  type Task,
  tasks,
} from '../records.ts'
import { countTask } from '../services/account.ts'
import { toTask } from '../views/task.ts'

export type { Moment } from '#store/notices.ts'

/** AWS's `ECS Task State Change`: its detail is the task as DescribeTasks shows it. */
const taskNotices = noticeKind<Task>({
  source: 'aws.ecs',
  detailType: 'ECS Task State Change',
  table: tasks,
  told: (task, time) => ({
    tenant: task.tenant,
    accountId: task.accountId,
    region: task.region,
    resources: [taskArn(task)],
    detail: {
      ...toTask(task),
      containerInstanceArn: containerInstanceArn(task),
      updatedAt: new Date(time),
    },
  }),
})

/** A new task, already placed: takes what it needs from its container instance. */
export function addTask(tx: Write, task: Task, moment: Moment): void {
  const key = ofTask(task)
  tx.put(tasks, key, task)
  count(tx, task, undefined, task, moment.now)
  patchInstance(tx, task, (instance) => ({
    remaining: take(instance.remaining, task.reserved),
    ...instanceCounts(instance, undefined, task),
  }))
  announce(tx, taskNotices, { key, record: task }, moment)
}

/** Sets fields of a task; one version more, and everybody who listens hears of it. */
export function changeTask(tx: Write, before: Task, fields: Partial<Task>, moment: Moment): Task {
  const key = ofTask(before)
  const after = tx.patch(tasks, key, { ...fields, version: before.version + 1 }) as Task
  count(tx, after, before, after, moment.now)
  const ends = after.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED'
  if (ends || countsDiffer(before, after))
    patchInstance(tx, after, (instance) => ({
      ...instanceCounts(instance, before, after),
      ...(ends && { remaining: giveBack(instance, after.reserved) }),
    }))
  announce(tx, taskNotices, { key, record: after }, moment)
  return after
}

const running = (task: Task | undefined): number =>
  task?.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING' ? 1 : 0
const pending = (task: Task | undefined): number =>
  task && ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus) ? 1 : 0
const countsDiffer = (a: Task, b: Task): boolean =>
  running(a) !== running(b) || pending(a) !== pending(b)

function count(tx: Write, owner: Task, before: Task | undefined, after: Task, now: number): void {
  const change = {
    running: running(after) - running(before),
    pending: pending(after) - pending(before),
  }
  changeCounts(tx, clusterKey(owner, owner.clusterName), {
    runningTasksCount: change.running,
    pendingTasksCount: change.pending,
  })
  countTask(tx, before, after, { ...change, now })
}

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

function patchInstance(
  tx: Write,
  task: Task,
  change: (instance: ContainerInstance) => Partial<ContainerInstance>,
): void {
  const key = containerInstanceKey(task, task.clusterName, task.containerInstanceId)
  const instance = tx.get(containerInstances, key)
  if (instance)
    tx.patch(containerInstances, key, { ...change(instance), version: instance.version + 1 })
}

const instanceCounts = (
  instance: ContainerInstance,
  before: Task | undefined,
  after: Task | undefined,
): Partial<ContainerInstance> => ({
  runningTasksCount: instance.runningTasksCount + running(after) - running(before),
  pendingTasksCount: instance.pendingTasksCount + pending(after) - pending(before),
})

export const take = (from: Resources, need: Reservation): Resources => ({
  cpu: from.cpu - need.cpu,
  memoryMiB: from.memoryMiB - need.memoryMiB,
  ports: need.ports.length === 0 ? from.ports : [...from.ports, ...need.ports],
  portsUdp: need.portsUdp.length === 0 ? from.portsUdp : [...from.portsUdp, ...need.portsUdp],
  gpuIds:
    need.gpuIds.length === 0 ? from.gpuIds : from.gpuIds.filter((id) => !need.gpuIds.includes(id)),
})

function giveBack({ remaining, registered }: ContainerInstance, held: Reservation): Resources {
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
