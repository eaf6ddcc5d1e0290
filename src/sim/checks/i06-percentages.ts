import { inService } from '#aws/ecs/names/services.ts'
import { containerInstances, type Task, tasks } from '#aws/ecs/records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  services,
  taskSets,
} from '#aws/ecs/records/services.ts'
import type { Change } from '#store/store.ts'

import type { Oracle } from '../oracle.ts'
import { type Check, type Evidence, holds } from './check.ts'
import { countsFor, healthOf, hostOf, isThere, serviceOf, ServiceTasks } from './service-tasks.ts'
import { wantedOf } from './task-sets.ts'

/** What the scheduler did to one service in one commit. */
type Step = {
  readonly key: string
  readonly service: Service
  readonly before: readonly Task[]
  readonly started: readonly Task[]
  /** As they were before. */
  readonly stopped: readonly Task[]
  readonly now: number
}

/**
 * I6: by the scheduler's own starts tasks are never more than the maximum, and by its own stops healthy ones never fewer
 * than the minimum; a task that could stay stays. What users stop, what ends by itself and what a lost host takes with
 * it is not the scheduler's doing, and what is stopping on a host out of reach counts no longer.
 */
export class Percentages implements Check {
  readonly name = 'I6 the scheduler keeps within the percentages'
  readonly #evidence: Evidence
  readonly #oracle: Oracle
  readonly #tasks = new ServiceTasks()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
    this.#oracle = evidence.oracle
  }

  commit(changes: readonly Change[]): void {
    const steps = [...this.#stepsOf(changes)]
    this.#tasks.take(changes)
    for (const step of steps) {
      holds(
        step.service.status === 'ACTIVE' || step.started.length === 0,
        `${step.key} is ${step.service.status} and starts tasks`,
      )
      this.#startsRightly(step)
      this.#protects(step)
      if (step.service.deploymentController === 'EXTERNAL') this.#external(step)
      else if (step.service.schedulingStrategy === 'DAEMON') this.#daemon(step)
      else this.#replicas(step)
    }
  }

  *#stepsOf(changes: readonly Change[]): Generator<Step> {
    const found = new Map<string, { started: Task[]; stopped: Task[]; now: number }>()
    for (const { table, before, after } of changes) {
      if (table !== tasks.name || !after) continue
      const [was, is] = [before as Task | undefined, after as Task]
      const key = serviceOf(is)
      const stops =
        was?.desiredStatus === 'RUNNING' &&
        is.desiredStatus === 'STOPPED' &&
        is.stopCode === 'ServiceSchedulerInitiated'
      if (key === undefined || (was && !stops)) continue
      const step = found.get(key) ?? { started: [], stopped: [], now: 0 }
      found.set(key, step)
      if (was) step.stopped.push(was)
      else step.started.push(is)
      step.now = is.stoppingAt ?? is.createdAt
    }
    for (const [key, step] of found) {
      const service = this.#oracle.get(services, key)
      holds(service, `tasks of ${key} are started or stopped, and there is no such service`)
      yield { ...step, key, service, before: [...this.#tasks.of(key).values()] }
    }
  }

  #startsRightly({ service, started }: Step): void {
    for (const { startedBy = '', family, revision, taskId } of started) {
      const id = startedBy.slice(startedBy.indexOf('/') + 1)
      const share = this.#oracle.get(deployments, inService(service, id))
      if (service.deploymentController === 'EXTERNAL') continue
      holds(share?.serviceId === service.serviceId, `${taskId} is started for nobody`)
      holds(
        share.family === family && share.revision === revision,
        `${taskId} runs ${family}:${revision}, and its deployment another revision`,
      )
      holds(share.status !== 'INACTIVE', `${taskId} is started for a deployment that is over`)
      holds(share.rolloutState !== 'FAILED', `${taskId} is started for a deployment that FAILED`)
    }
  }

  /** What is protected goes only with its service, or where its health check failed. */
  #protects({ key, service, stopped, now }: Step): void {
    if (service.status !== 'ACTIVE') return
    for (const task of stopped)
      holds(
        (task.protectedUntil ?? 0) <= now ||
          healthOf(this.#evidence, service, task, now) === 'UNHEALTHY',
        `${key} stops ${task.taskId}, which is protected`,
      )
  }

  #replicas({ key, service, before, started, stopped, now }: Step): void {
    const { desiredCount, deploymentConfiguration, status } = service
    const { minimumHealthyPercent, maximumPercent } = deploymentConfiguration
    if (started.length > 0) {
      const max = Math.floor((desiredCount * maximumPercent) / 100)
      const counted = [...this.#tasks.of(key).values()].filter(
        (task) => isThere(this.#oracle, task) && countsFor(this.#oracle, service, task),
      ).length
      holds(counted <= max, `${key} has ${counted} tasks and starts some; its maximum is ${max}`)
    }
    if (stopped.length === 0 || status !== 'ACTIVE') return
    const healthy = before.filter((task) => this.#isHealthy(service, task, now)).length
    const lost = stopped.filter((task) => this.#isHealthy(service, task, now)).length
    const min = Math.ceil((desiredCount * minimumHealthyPercent) / 100)
    holds(
      lost === 0 || healthy - lost >= min,
      `${key} has ${healthy} healthy tasks and stops ${lost} of them; its minimum is ${min}`,
    )
    const primary = this.#primaryOf(service)
    const couldStay = (task: Task): boolean =>
      task.desiredStatus === 'RUNNING' &&
      task.startedBy === `ecs-svc/${primary?.deploymentId}` &&
      hostOf(this.#oracle, task)?.status === 'ACTIVE' &&
      healthOf(this.#evidence, service, task, now) !== 'UNHEALTHY'
    // Where nothing takes the place of a deployment that failed, all that runs counts as one.
    const isCounted = (task: Task): boolean =>
      primary?.rolloutState === 'FAILED' ? task.desiredStatus === 'RUNNING' : couldStay(task)
    const surplus = Math.max(0, before.filter(isCounted).length - desiredCount)
    const sentAway = stopped.filter(couldStay).length
    holds(
      sentAway <= surplus,
      `${key} stops ${sentAway} tasks of its primary deployment, of which ${surplus} are too many`,
    )
  }

  /** Each task set has its part of the desired count: no more by the scheduler's starts, no fewer by its stops. */
  #external({ key, service, before, started, stopped, now }: Step): void {
    for (const startedBy of new Set([...started, ...stopped].map((task) => task.startedBy ?? ''))) {
      const id = startedBy.slice(startedBy.indexOf('/') + 1)
      const set = this.#oracle.get(taskSets, inService(service, id))
      const begun = started.filter((task) => task.startedBy === startedBy)
      const wanted = set ? wantedOf(service, set) : 0
      const mayStay = (task: Task): boolean =>
        task.startedBy === startedBy &&
        task.desiredStatus === 'RUNNING' &&
        hostOf(this.#oracle, task)?.status === 'ACTIVE' &&
        healthOf(this.#evidence, service, task, now) !== 'UNHEALTHY'
      const kept = [...this.#tasks.of(key).values()].filter(mayStay).length
      holds(
        begun.length === 0 || kept <= wanted,
        `${startedBy} of ${key} has ${kept} tasks and starts some; it should have ${wanted}`,
      )
      const isOfIt = ({ family, revision }: Task): boolean =>
        set?.serviceId === service.serviceId && set.family === family && set.revision === revision
      holds(begun.every(isOfIt), `${startedBy} of ${key} starts what is not its own`)
      if (service.status !== 'ACTIVE') continue
      const healthy = (some: readonly Task[]): number =>
        some.filter((task) => task.startedBy === startedBy && this.#isHealthy(service, task, now))
          .length
      const lost = healthy(stopped)
      holds(
        lost === 0 || healthy(before) - lost >= wanted,
        `${startedBy} of ${key} stops ${lost} of ${healthy(before)} healthy tasks; it should have ${wanted}`,
      )
      const sentAway = stopped.filter(mayStay).length
      const surplus = Math.max(0, before.filter(mayStay).length - wanted)
      holds(
        sentAway <= surplus,
        `${startedBy} of ${key} stops ${sentAway} tasks, of which ${surplus} are too many`,
      )
    }
  }

  /** One on each container instance; and in its deployments, as many healthy ones as its minimum says. */
  #daemon({ key, service, before, started, stopped, now }: Step): void {
    for (const { containerInstanceId, taskId } of started) {
      const other = before.find(
        (task) =>
          task.containerInstanceId === containerInstanceId &&
          countsFor(this.#oracle, service, task),
      )
      holds(!other, `${key} starts ${taskId} where it has ${other?.taskId} on the same host`)
    }
    if (service.status !== 'ACTIVE') return
    const hosts = new Set(
      [...this.#oracle.rows(containerInstances)]
        .filter(([, { status }]) => status === 'ACTIVE')
        .map(([, { containerInstanceId }]) => containerInstanceId),
    )
    const inPlace = stopped.filter(
      (task) => hosts.has(task.containerInstanceId) && this.#isHealthy(service, task, now),
    ).length
    const { minimumHealthyPercent } = service.deploymentConfiguration
    const min = Math.ceil((hosts.size * minimumHealthyPercent) / 100)
    const healthy = before.filter((task) => this.#isHealthy(service, task, now)).length
    const lost = stopped.filter((task) => this.#isHealthy(service, task, now)).length
    const primary = this.#primaryOf(service)
    const good = stopped.find(
      (task) =>
        hosts.has(task.containerInstanceId) &&
        task.startedBy === `ecs-svc/${primary?.deploymentId}` &&
        healthOf(this.#evidence, service, task, now) !== 'UNHEALTHY',
    )
    holds(!good, `${key} stops the daemon ${good?.taskId}, which could stay`)
    holds(
      inPlace === 0 || healthy - lost >= min,
      `${key} has ${healthy} healthy daemons and stops ${lost} of them; its minimum is ${min}`,
    )
  }

  #isHealthy(service: Service, task: Task, now: number): boolean {
    return (
      task.desiredStatus === 'RUNNING' && healthOf(this.#evidence, service, task, now) === 'HEALTHY'
    )
  }

  #primaryOf({ serviceId }: Service): Deployment | undefined {
    for (const [, row] of this.#oracle.rows(deployments))
      if (row.serviceId === serviceId && row.status === 'PRIMARY') return row
    return undefined
  }
}
