import { ofService } from '#aws/ecs/names/services.ts'
import type { Task } from '#aws/ecs/records/records.ts'
import { type Service, services, type TaskSet, taskSets } from '#aws/ecs/records/services.ts'
import type { Change } from '#store/store.ts'

import { RESTLESS } from '../definitions.ts'
import { type Check, type Evidence, holds } from './check.ts'
import { hasRoom } from './places.ts'
import { healthOf, hostOf, isThere, serviceOf, ServiceTasks } from './service-tasks.ts'

/** As AWS says it: the part of the desired count, rounded up. */
export const wantedOf = (
  { desiredCount }: Readonly<Service>,
  { status, scale }: Readonly<TaskSet>,
): number => (status === 'DRAINING' ? 0 : Math.ceil((desiredCount * scale) / 100))

/**
 * I7 of services with an external controller: one task set at most is PRIMARY; STEADY_STATE is told when it is true; what
 * is deleted has no tasks that should run; and in calm each is what it should be, or there is a reason to be seen.
 */
export class TaskSets implements Check {
  readonly name = 'I7 task sets come to what they should be'
  readonly #evidence: Evidence
  readonly #tasks = new ServiceTasks()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
  }

  commit(changes: readonly Change[]): void {
    this.#tasks.take(changes)
    const { oracle } = this.#evidence
    for (const { table, key, before, after } of changes) {
      if (table !== taskSets.name) continue
      const [was, is] = [before as TaskSet | undefined, after as TaskSet | undefined]
      const left = was && this.#own(was).find(({ desiredStatus }) => desiredStatus === 'RUNNING')
      holds(is ?? !left, `${key} is no more, and ${left?.taskId} of it should run`)
      if (!is) continue
      const primaries = [...oracle.rows(taskSets)].filter(
        ([, row]) => row.serviceId === is.serviceId && row.status === 'PRIMARY',
      )
      holds(primaries.length <= 1, `${primaries.length} task sets are PRIMARY beside ${key}`)
      const isSteady = is.stabilityStatus === 'STEADY_STATE'
      if (isSteady && was?.stabilityStatus !== is.stabilityStatus)
        this.#isAsItShouldBe(key, is, is.stabilityStatusAt)
    }
  }

  calm(): void {
    const { oracle, clock } = this.#evidence
    const now = clock.now()
    for (const [key, set] of oracle.rows(taskSets)) {
      const own = this.#own(set)
      const isProtected = own.some(({ protectedUntil = 0 }) => protectedUntil > now)
      holds(set.status !== 'DRAINING' || isProtected, `${key} is DRAINING for ever`)
      if (set.stabilityStatus === 'STEADY_STATE') this.#isAsItShouldBe(key, set, now)
      else
        holds(
          isProtected ||
            RESTLESS.has(set.family) ||
            (set.throttle?.until ?? 0) > now ||
            (own.length < this.#wanted(set) && !hasRoom(oracle, set)),
          `${key} is not steady, and has ${own.length} tasks of ${this.#wanted(set)}`,
        )
    }
  }

  /** All its tasks run and are healthy, as many as it should have, and none is on a host that drains. */
  #isAsItShouldBe(key: string, set: Readonly<TaskSet>, now: number): void {
    const { oracle } = this.#evidence
    const service = oracle.get(services, ofService(set))
    const own = this.#own(set)
    const good = own.filter(
      (task) =>
        service &&
        task.desiredStatus === 'RUNNING' &&
        hostOf(oracle, task)?.status === 'ACTIVE' &&
        healthOf(this.#evidence, service, task, now) === 'HEALTHY',
    )
    holds(
      own.length === this.#wanted(set) && good.length === own.length,
      `${key} is steady with ${own.length} tasks, ${good.length} of them good, of ${this.#wanted(set)}`,
    )
  }

  #wanted(set: Readonly<TaskSet>): number {
    const service = this.#evidence.oracle.get(services, ofService(set))
    return service ? wantedOf(service, set) : 0
  }

  /** Those that have not ended. */
  #own(set: Readonly<TaskSet>): readonly Task[] {
    const { oracle } = this.#evidence
    const service = ofService(set)
    return [...this.#tasks.of(service).values()].filter(
      (task) =>
        serviceOf(task) === service &&
        task.startedBy === `ecs-svc/${set.taskSetId}` &&
        isThere(oracle, task),
    )
  }
}
