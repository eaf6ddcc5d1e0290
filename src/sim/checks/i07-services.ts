import { containerInstances, type Task } from '#aws/ecs/records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  type ServiceEvent,
  serviceDeployments,
  serviceEvents,
  services,
} from '#aws/ecs/records/services.ts'
import { type Notice, notices } from '#store/notices.ts'
import type { Change } from '#store/store.ts'

import { RESTLESS } from '../definitions.ts'
import type { Oracle } from '../oracle.ts'
import { type Check, type Evidence, holds } from './check.ts'
import { hasRoom, hasRoomEverywhere } from './places.ts'
import { countsFor, healthOf, hostOf, isReachable, isThere, ServiceTasks } from './service-tasks.ts'

const STEADY = 'has reached a steady state.'
const OVER = new Set(['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED'])

/**
 * I7 and I10: a service has one primary deployment; each turn of a deployment has its notice, a steady state is told when
 * it is true; nothing of a deleted service runs on; and in calm every service is what it should be, or it says why not.
 */
export class Services implements Check {
  readonly name = 'I7 services come to what they should be'
  readonly #evidence: Evidence
  readonly #oracle: Oracle
  readonly #tasks = new ServiceTasks()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
    this.#oracle = evidence.oracle
  }

  commit(changes: readonly Change[]): void {
    this.#tasks.take(changes)
    const touched = new Set<string>()
    for (const { table, key, before, after } of changes) {
      if (table === services.name && after) {
        touched.add(key)
        this.#turn(key, changes, before as Service | undefined, after as Service)
      }
      if (table !== deployments.name || !after) continue
      touched.add(key.slice(0, key.lastIndexOf('/')))
      const [was, is] = [before as Deployment | undefined, after as Deployment]
      holds(
        was?.rolloutState === is.rolloutState || isNoticed(changes, is),
        `${key} is ${is.rolloutState}, and no notice says so`,
      )
    }
    for (const key of touched) {
      const service = this.#oracle.get(services, key)
      if (service?.status !== 'ACTIVE' || service.deploymentController !== 'ECS') continue
      const primary = this.#deployments(service).filter(({ status }) => status === 'PRIMARY')
      holds(primary.length === 1, `${key} has ${primary.length} primary deployments`)
    }
  }

  #turn(key: string, changes: readonly Change[], was: Service | undefined, is: Service): void {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      ACTIVE: ['ACTIVE', 'DRAINING'],
      DRAINING: ['DRAINING', 'INACTIVE'],
      INACTIVE: ['INACTIVE'],
    }
    const isAnother = was?.serviceId !== is.serviceId
    holds(
      isAnother
        ? (was?.status ?? 'INACTIVE') === 'INACTIVE'
        : allowed[was?.status ?? '']?.includes(is.status),
      `${key} goes from ${was?.status} to ${is.status}`,
    )
    const wanted = [...this.#tasks.of(key).values()].filter(
      ({ desiredStatus }) => desiredStatus === 'RUNNING',
    )
    holds(
      is.status !== 'INACTIVE' || wanted.length === 0,
      `${key} is INACTIVE, and ${wanted[0]?.taskId} should run`,
    )
    if (is.isSteady && (isAnother || !was.isSteady)) this.#steady(key, changes, is)
  }

  #steady(key: string, changes: readonly Change[], service: Service): void {
    const told = changes.find(
      ({ table, after }) =>
        table === serviceEvents.name &&
        (after as ServiceEvent | undefined)?.message.endsWith(STEADY),
    )?.after as ServiceEvent | undefined
    holds(told, `${key} is steady, and no event says so`)
    this.#isAsItShouldBe(key, service, told.createdAt)
  }

  /** All its tasks run, are healthy and of its primary deployment, as many as are desired. */
  #isAsItShouldBe(key: string, service: Service, now: number): void {
    const isDaemon = service.schedulingStrategy === 'DAEMON'
    // Nobody waits for a daemon on a host out of reach, whatever it is about to do.
    const own = [...this.#tasks.of(key).values()]
      .filter((task) => countsFor(this.#oracle, service, task))
      .filter((task) =>
        isDaemon ? isReachable(hostOf(this.#oracle, task)) : isThere(this.#oracle, task),
      )
    const primary = this.#primary(service)
    const good = own.filter(
      (task) =>
        task.desiredStatus === 'RUNNING' &&
        task.startedBy === `ecs-svc/${primary?.deploymentId}` &&
        healthOf(this.#evidence, service, task, now) === 'HEALTHY',
    )
    const hosts = new Set(own.map(({ containerInstanceId }) => containerInstanceId))
    const outOfReach = [...this.#oracle.rows(containerInstances)].filter(
      ([, host]) => host.status === 'ACTIVE' && !host.agentConnected,
    ).length
    const wanted = service.desiredCount - (isDaemon ? outOfReach : 0)
    holds(
      own.length === wanted && good.length === own.length,
      `${key} is steady with ${own.length} tasks, ${good.length} of them good, of ${wanted} that it could have`,
    )
    holds(!isDaemon || hosts.size === own.length, `${key} runs two daemons on one host`)
  }

  calm(): void {
    for (const [key, service] of this.#oracle.rows(services)) {
      const own = [...this.#tasks.of(key).values()].filter((task) => isThere(this.#oracle, task))
      holds(service.status !== 'DRAINING', `${key} is DRAINING for ever`)
      holds(
        service.status === 'ACTIVE' || own.length === 0,
        `${key} is ${service.status}, and ${own[0]?.taskId} is ${own[0]?.lastStatus}`,
      )
      if (service.status !== 'ACTIVE' || service.deploymentController !== 'ECS') continue
      if (service.isSteady) this.#rested(key, service)
      else {
        const excuse = this.#excuse(key, service, own)
        holds(excuse, `${key} is not steady: ${this.#story(service, own)}`)
      }
    }
  }

  #rested(key: string, service: Service): void {
    this.#isAsItShouldBe(key, service, this.#evidence.clock.now())
    const current = this.#deployments(service).filter(({ status }) => status !== 'INACTIVE')
    holds(
      current.length === 1,
      `${key} is steady and has ${current.length} deployments that are not over`,
    )
    const [primary] = current
    const open = [...this.#oracle.rows(serviceDeployments)]
      .map(([, row]): ServiceDeployment => row)
      .filter(({ serviceId, status }) => serviceId === service.serviceId && !OVER.has(status))
    holds(
      primary?.rolloutState !== 'IN_PROGRESS' && open.length === 0,
      `${key} is steady, and a deployment of it is in progress`,
    )
  }

  /** Why a service may not be what it should be, from what everybody can see; nothing where there is no reason. */
  #excuse(key: string, service: Service, own: readonly Task[]): string | undefined {
    const now = this.#evidence.clock.now()
    const primary = this.#primary(service)
    if (!primary) return undefined
    if (primary.rolloutState === 'FAILED') return 'its deployment has failed'
    if (RESTLESS.has(primary.family)) return 'its tasks cannot rest'
    if ((primary.throttle?.until ?? 0) > now) return 'it is throttled'
    if (own.some(({ protectedUntil = 0 }) => protectedUntil > now)) return 'tasks are protected'
    const missing = service.desiredCount - own.filter((task) => isOf(task, primary)).length
    if (missing <= 0) return undefined
    const { minimumHealthyPercent, maximumPercent } = service.deploymentConfiguration
    const max = Math.floor((service.desiredCount * maximumPercent) / 100)
    const min = Math.ceil((service.desiredCount * minimumHealthyPercent) / 100)
    const healthy = own.filter((task) => healthOf(this.#evidence, service, task, now) === 'HEALTHY')
    if (service.schedulingStrategy === 'DAEMON') {
      if (!hasRoomEverywhere(this.#oracle, primary, own)) return 'a host has no room'
      return healthy.length <= min ? 'its minimum allows no end' : undefined
    }
    const mayStart = own.length < max && hasRoom(this.#oracle, primary)
    const mayStop = healthy.length > min && own.length > service.desiredCount - missing
    return mayStart || mayStop ? undefined : `${key} has no room`
  }

  #story({ desiredCount, schedulingStrategy, serviceId }: Service, own: readonly Task[]): string {
    const has = own.map(
      ({ startedBy, lastStatus, desiredStatus, healthStatus }) =>
        `${startedBy} ${lastStatus}/${desiredStatus} ${healthStatus}`,
    )
    const of = this.#deployments({ serviceId }).map(
      ({ deploymentId, status, rolloutState, family, revision }) =>
        `${deploymentId} ${family}:${revision} ${status} ${rolloutState}`,
    )
    return `${schedulingStrategy} of ${desiredCount}; tasks ${has.join(', ')}; deployments ${of.join(', ')}`
  }

  #primary(service: Service): Deployment | undefined {
    return this.#deployments(service).find(({ status }) => status === 'PRIMARY')
  }

  #deployments({ serviceId }: Pick<Service, 'serviceId'>): Deployment[] {
    return [...this.#oracle.rows(deployments)]
      .map(([, row]): Deployment => row)
      .filter((row) => row.serviceId === serviceId)
  }
}

const isOf = ({ startedBy }: Task, { deploymentId }: Deployment): boolean =>
  startedBy === `ecs-svc/${deploymentId}`

function isNoticed(
  changes: readonly Change[],
  { deploymentId, rolloutState }: Deployment,
): boolean {
  return changes.some(({ table, after }) => {
    const { detail } = (table === notices.name && after ? after : {}) as Partial<Notice> & {
      readonly detail?: { readonly deploymentId?: string; readonly eventName?: string }
    }
    return (
      detail?.deploymentId === `ecs-svc/${deploymentId}` &&
      detail.eventName === `SERVICE_DEPLOYMENT_${rolloutState}`
    )
  })
}
