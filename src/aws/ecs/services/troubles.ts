/** What a service or a task set tells its users of where it stands: that it is steady, or why it does not get on. */
import type { Write } from '#store/store.ts'

import { inService, ofService } from '../names/services.ts'
import {
  type Service,
  services,
  type TaskSet,
  taskSets,
  type Throttle,
} from '../records/services.ts'
import { noticeAction, noticeFirst, resolved, type TellerRow, tellOnce } from './events.ts'
import type { DaemonPlan } from './plan-daemon.ts'
import type { Plan } from './plan.ts'
import { placementFailure, placementNotice, type Started } from './start-tasks.ts'
import type { World } from './world.ts'

const MORE =
  'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.'
const IS_STUCK =
  'was unable to stop or start tasks during a deployment because of the service deployment configuration. ' +
  'Update the minimumHealthyPercent or maximumPercent value and try again.'
const IS_THROTTLED = `is unable to consistently start tasks successfully. ${MORE}`
const IS_HELD =
  'was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks.'
const IS_IN_THE_WAY = 'was unable to replace tasks. Reason: They are protected from scale-in.'
/** One round of launches that came to nothing is an accident; AWS speaks of what is consistent. */
const ROUNDS_TOLD = 2
/** What is told again only after six hours, or once it was over; it is over where there is a steady state. */
export const PLACEMENT = 'placement'
const THROTTLE = 'throttle'
export const STUCK = 'stuck'
const HELD = 'held'
const IN_THE_WAY = 'in the way'
const STEADY = 'steady'
/** What each trouble is, in short. */
export const TROUBLES: Readonly<Record<string, string>> = {
  [PLACEMENT]: 'no container instance takes one more task',
  [THROTTLE]: 'its tasks do not start',
  [STUCK]: 'minimumHealthyPercent and maximumPercent let it neither stop nor start a task',
  [HELD]: 'more of its tasks are protected than it is to have',
  [IN_THE_WAY]: 'tasks that are to be replaced are protected',
}

export function tellTroubles(
  tx: Write,
  teller: TellerRow,
  what: {
    readonly plan: Plan | DaemonPlan
    readonly started: Started
    readonly throttle?: Throttle | undefined
  },
  { now, ids }: World,
): void {
  const { plan, started, throttle } = what
  const isAway = 'isAway' in plan && plan.isAway
  if (plan.isSteady) return resolved(tx, teller, Object.keys(TROUBLES))
  const say = (about: string, message: string): void =>
    tellOnce(tx, teller, about, message, { now, id: ids.uuid() })
  const isOver: readonly (readonly [string, boolean])[] = [
    [PLACEMENT, !started.refusals && !throttle && !isAway],
    [THROTTLE, !throttle],
    [STUCK, !plan.isStuck],
    [HELD, plan.heldBack !== 'SCALE_IN'],
    [IN_THE_WAY, plan.heldBack !== 'REPLACEMENT'],
  ]
  const over = isOver.filter(([, isSo]) => isSo).map(([about]) => about)
  resolved(tx, teller, over)
  if (started.refusals) {
    const { refusals } = started
    noticeFirst(tx, teller, PLACEMENT, () => placementNotice(refusals), { now, id: ids.uuid() })
    say(PLACEMENT, placementFailure(refusals))
  }
  if (throttle?.of === 'START' && throttle.rounds >= ROUNDS_TOLD) {
    const event = { type: 'WARN', name: 'SERVICE_TASK_START_IMPAIRED' } as const
    noticeFirst(tx, teller, THROTTLE, () => event, { now, id: ids.uuid() })
    say(THROTTLE, IS_THROTTLED)
  }
  if (plan.isStuck) say(STUCK, IS_STUCK)
  if (plan.heldBack === 'SCALE_IN') say(HELD, IS_HELD)
  if (plan.heldBack === 'REPLACEMENT') say(IN_THE_WAY, IS_IN_THE_WAY)
}

/** Keeps whether the service is steady, and tells it. */
export function tellSteady(tx: Write, service: Service, isSteady: boolean, world: World): void {
  const key = ofService(service)
  const isNew = tx.get(services, key)?.isSteady !== isSteady
  if (isNew) tx.patch(services, key, { isSteady })
  if (isSteady) reached(tx, service, { isNew, eventName: 'SERVICE_STEADY_STATE' }, world)
}

/** Keeps whether the task set is steady, and tells it. */
export function tellStability(tx: Write, taskSet: TaskSet, isSteady: boolean, world: World): void {
  const stabilityStatus = isSteady ? 'STEADY_STATE' : 'STABILIZING'
  const isNew = taskSet.stabilityStatus !== stabilityStatus
  if (isNew)
    tx.patch(taskSets, inService(taskSet, taskSet.taskSetId), {
      stabilityStatus,
      stabilityStatusAt: world.now,
    })
  if (isSteady) reached(tx, taskSet, { isNew, eventName: 'TASKSET_STEADY_STATE' }, world)
}

/** A steady state is told when it is reached, and again every six hours. */
function reached(
  tx: Write,
  teller: TellerRow,
  { isNew, eventName }: { readonly isNew: boolean; readonly eventName: string },
  { now, ids }: World,
): void {
  const moment = { now, id: ids.uuid() }
  if (isNew) {
    resolved(tx, teller, [STEADY])
    noticeAction(tx, teller, { type: 'INFO', name: eventName }, moment)
  }
  tellOnce(tx, teller, STEADY, 'has reached a steady state.', moment)
}
