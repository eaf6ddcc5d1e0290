/** What a service tells its users: the 100 newest events in AWS's words, and AWS's notices of them. */
import { publish } from '#store/notices.ts'
import type { Read, Write } from '#store/store.ts'

import { clusterArn } from '../names.ts'
import type { Moment } from '../tasks/change.ts'
import { inService, ofService, serviceArn, type ServicePlace, SHARE } from './names.ts'
import {
  type Deployment,
  type Service,
  type ServiceEvent,
  serviceEvents,
  services,
} from './records.ts'

const EVENTS_MAX = 100
/** The same event again is kept back for this long, unless what it tells was over in between. */
const REPEAT_MS = 6 * 60 * 60_000
const NUMBER_DIGITS = 9

/** Adds `(service NAME) message` to the service's events. */
export function tell(tx: Write, service: ServicePlace, message: string, moment: Moment): void {
  const prefix = `${ofService(service)}/`
  const newest = tx.scan(serviceEvents, { prefix, reverse: true })[Symbol.iterator]().next()
  const number = newest.done ? 1 : Number(newest.value.key.slice(prefix.length)) + 1
  tx.put(serviceEvents, inService(service, digits(number)), {
    id: moment.id,
    createdAt: moment.now,
    message: `(service ${service.serviceName}) ${message}`,
  })
  if (number > EVENTS_MAX) tx.delete(serviceEvents, inService(service, digits(number - EVENTS_MAX)))
}

/** Empties what a service told: one that is created anew under the name has told nothing yet. */
export function forgetEvents(tx: Write, service: ServicePlace): void {
  for (const { key } of tx.scan(serviceEvents, { prefix: `${ofService(service)}/` }))
    tx.delete(serviceEvents, key)
}

/** What the service told, newest first. */
export const eventsOf = (tx: Read, service: ServicePlace): ServiceEvent[] =>
  [...tx.scan(serviceEvents, { prefix: `${ofService(service)}/`, reverse: true })].map(
    ({ row }) => row,
  )

const digits = (number: number): string => String(number).padStart(NUMBER_DIGITS, '0')

/** As `tell`, but kept back while the same `about` was told within six hours. Returns the service as it is now. */
export function tellOnce(
  tx: Write,
  service: Service,
  about: string,
  message: string,
  moment: Moment,
): Service {
  const toldAt = service.toldAt[about]
  if (toldAt !== undefined && moment.now - toldAt < REPEAT_MS) return service
  tell(tx, service, message, moment)
  return tx.patch(services, ofService(service), {
    toldAt: { ...service.toldAt, [about]: moment.now },
  }) as Service
}

/** What the events are about is over: the next one is told at once. */
export function resolved(tx: Write, service: Service, abouts: readonly string[]): Service {
  const left = Object.entries(service.toldAt).filter(([about]) => !abouts.includes(about))
  if (left.length === Object.keys(service.toldAt).length) return service
  return tx.patch(services, ofService(service), { toldAt: Object.fromEntries(left) }) as Service
}

/** AWS's `ECS Service Action`. */
export function noticeAction(
  tx: Write,
  service: ServicePlace,
  event: {
    readonly type: 'INFO' | 'WARN' | 'ERROR'
    readonly name: string
    readonly reason?: string
  },
  { now, id }: Moment,
): void {
  publish(tx, {
    source: 'aws.ecs',
    detailType: 'ECS Service Action',
    tenant: service.tenant,
    accountId: service.accountId,
    region: service.region,
    resources: [serviceArn(service)],
    time: now,
    id,
    detail: {
      eventType: event.type,
      eventName: event.name,
      clusterArn: clusterArn(service, service.clusterName),
      createdAt: new Date(now),
      ...(event.reason !== undefined && { reason: event.reason }),
    },
  })
}

/** AWS's `ECS Deployment State Change`. */
export function noticeDeployment(tx: Write, deployment: Deployment, { now, id }: Moment): void {
  const failed = deployment.rolloutState === 'FAILED'
  publish(tx, {
    source: 'aws.ecs',
    detailType: 'ECS Deployment State Change',
    tenant: deployment.tenant,
    accountId: deployment.accountId,
    region: deployment.region,
    resources: [serviceArn(deployment)],
    time: now,
    id,
    detail: {
      eventType: failed ? 'ERROR' : 'INFO',
      eventName: `SERVICE_DEPLOYMENT_${deployment.rolloutState}`,
      deploymentId: `${SHARE}${deployment.deploymentId}`,
      updatedAt: new Date(now),
      reason: deployment.rolloutStateReason,
    },
  })
}
