/** What a service tells its users: the 100 newest events in AWS's words, and AWS's notices of them. */
import { ownerOf } from '#room/owned.ts'
import { publish } from '#store/notices.ts'
import type { Read, Write } from '#store/store.ts'

import { clusterArn } from '../names/names.ts'
import {
  inService,
  ofService,
  serviceArn,
  type ServicePlace,
  SHARE,
  taskSetArn,
} from '../names/services.ts'
import {
  type Deployment,
  type Service,
  type ServiceEvent,
  serviceEvents,
  services,
  type TaskSet,
  taskSets,
} from '../records/services.ts'
import type { Moment } from '../tasks/change.ts'

const EVENTS_MAX = 100
/** The same event again is kept back for this long, unless what it tells was over in between. */
const REPEAT_MS = 6 * 60 * 60_000
const NUMBER_DIGITS = 9

/** Who tells: a service, or one of its task sets. */
export type Teller = ServicePlace & { readonly taskSetId?: string }
/** Who tells, as the store has it: its row keeps when it told what. */
export type TellerRow = Service | TaskSet

const nameOf = ({ serviceName, taskSetId }: Teller): string =>
  taskSetId === undefined ? serviceName : `${serviceName}, taskSet ${SHARE}${taskSetId}`

/** Adds `(service NAME) message`, or `(service NAME, taskSet ID) message`, to the service's events. */
export function tell(tx: Write, teller: Teller, message: string, moment: Moment): void {
  const prefix = `${ofService(teller)}/`
  const newest = tx.scan(serviceEvents, { prefix, reverse: true })[Symbol.iterator]().next()
  const number = newest.done ? 1 : Number(newest.value.key.slice(prefix.length)) + 1
  tx.put(serviceEvents, inService(teller, digits(number)), {
    id: moment.id,
    createdAt: moment.now,
    message: `(service ${nameOf(teller)}) ${message}`,
  })
  if (number > EVENTS_MAX) tx.delete(serviceEvents, inService(teller, digits(number - EVENTS_MAX)))
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

/** As `tell`, but kept back while the same `about` was told within six hours. */
export function tellOnce(
  tx: Write,
  teller: TellerRow,
  about: string,
  message: string,
  moment: Moment,
): void {
  const known = toldBy(tx, teller)
  const toldAt = known[about]
  if (toldAt !== undefined && moment.now - toldAt < REPEAT_MS) return
  tell(tx, teller, message, moment)
  keep(tx, teller, { ...known, [about]: moment.now })
}

/** What the events are about is over: the next one is told at once. */
export function resolved(tx: Write, teller: TellerRow, abouts: readonly string[]): void {
  const known = Object.entries(toldBy(tx, teller))
  const left = known.filter(([about]) => !abouts.includes(about))
  if (left.length < known.length) keep(tx, teller, Object.fromEntries(left))
}

/** What the teller has told, and when; without what is over. */
const toldBy = (tx: Read, teller: TellerRow): TellerRow['toldAt'] =>
  ('taskSetId' in teller
    ? tx.get(taskSets, inService(teller, teller.taskSetId))
    : tx.get(services, ofService(teller))
  )?.toldAt ?? {}

function keep(tx: Write, teller: TellerRow, toldAt: TellerRow['toldAt']): void {
  if ('taskSetId' in teller) tx.patch(taskSets, inService(teller, teller.taskSetId), { toldAt })
  else tx.patch(services, ofService(teller), { toldAt })
}

/** AWS's `ECS Service Action`. */
export function noticeAction(
  tx: Write,
  teller: Teller,
  event: {
    readonly type: 'INFO' | 'WARN' | 'ERROR'
    readonly name: string
    readonly reason?: string
    readonly containerInstanceArns?: readonly string[]
  },
  { now, id }: Moment,
): void {
  const { taskSetId } = teller
  publish(tx, {
    source: 'aws.ecs',
    detailType: 'ECS Service Action',
    ...ownerOf(teller),
    resources: [serviceArn(teller)],
    time: now,
    id,
    detail: {
      eventType: event.type,
      eventName: event.name,
      clusterArn: clusterArn(teller, teller.clusterName),
      ...(event.containerInstanceArns && { containerInstanceArns: event.containerInstanceArns }),
      ...(taskSetId !== undefined && { taskSetArns: [taskSetArn(teller, taskSetId)] }),
      createdAt: new Date(now),
      ...(event.reason !== undefined && { reason: event.reason }),
    },
  })
}

/** As `noticeAction`, but only where `about` was not told since it was over; elsewhere it is not even made. */
export function noticeFirst(
  tx: Write,
  teller: TellerRow,
  about: string,
  event: () => Parameters<typeof noticeAction>[2],
  moment: Moment,
): void {
  if (!(about in teller.toldAt)) noticeAction(tx, teller, event(), moment)
}

/** AWS's `ECS Deployment State Change`. */
export function noticeDeployment(tx: Write, deployment: Deployment, { now, id }: Moment): void {
  const failed = deployment.rolloutState === 'FAILED'
  publish(tx, {
    source: 'aws.ecs',
    detailType: 'ECS Deployment State Change',
    ...ownerOf(deployment),
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
