/** What a service tells its users of where it stands: that it is steady, or why it does not get on. */
import type { Write } from '#store/store.ts'

import { noticeAction, resolved, tellOnce } from './events.ts'
import { ofService } from './names.ts'
import type { Plan } from './plan.ts'
import { type Deployment, type Service, services, type TaskSet } from './records.ts'
import type { Outlook } from './schedule.ts'
import { placementFailure, type Started } from './start-tasks.ts'
import type { World } from './world.ts'

const MORE =
  'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.'
const STUCK =
  'was unable to stop or start tasks during a deployment because of the service deployment configuration. ' +
  'Update the minimumHealthyPercent or maximumPercent value and try again.'
const THROTTLED = `is unable to consistently start tasks successfully. ${MORE}`
const HELD =
  'was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks.'
/** One round of launches that came to nothing is an accident; AWS speaks of what is consistent. */
const ROUNDS_TOLD = 2
const PLACEMENT = 'placement'
/** What is repeated only after six hours, or once it was over. */
const TROUBLES = [PLACEMENT, 'throttle', 'stuck', 'held']
const STEADY = 'steady'

export function tellTroubles(
  tx: Write,
  service: Service,
  what: { readonly plan: Plan; readonly started: Started; readonly share: Deployment | TaskSet },
  { now, ids }: World,
): void {
  const { plan, started, share } = what
  const current = (): Service => tx.get(services, ofService(service)) ?? service
  const say = (about: string, message: string): void =>
    void tellOnce(tx, current(), about, message, { now, id: ids.uuid() })
  const isOver: readonly (readonly [string, boolean])[] = [
    [PLACEMENT, !started.refusals && !share.throttle],
    ['throttle', !share.throttle],
    ['stuck', !plan.isStuck],
    ['held', plan.held === 0],
  ]
  resolved(
    tx,
    current(),
    isOver.filter(([, over]) => over).map(([about]) => about),
  )
  if (started.refusals) {
    const message = placementFailure(started.refusals)
    if (!(PLACEMENT in service.toldAt))
      noticeAction(
        tx,
        service,
        { type: 'ERROR', name: 'SERVICE_TASK_PLACEMENT_FAILURE', reason: message },
        { now, id: ids.uuid() },
      )
    say(PLACEMENT, message)
  }
  if (share.throttle?.of === 'START' && share.throttle.rounds >= ROUNDS_TOLD) {
    if (!('throttle' in service.toldAt))
      noticeAction(
        tx,
        service,
        { type: 'WARN', name: 'SERVICE_TASK_START_IMPAIRED' },
        { now, id: ids.uuid() },
      )
    say('throttle', THROTTLED)
  }
  if (plan.isStuck) say('stuck', STUCK)
  if (plan.held > 0 && plan.start === 0) say('held', HELD)
}

/** A steady state is told when it is reached, and again every six hours; what was in its way is over then. */
export function tellSteady(
  tx: Write,
  service: Service,
  isSteady: boolean,
  { now, ids }: World,
): Partial<Outlook> {
  const key = ofService(service)
  const current = tx.get(services, key) ?? service
  if (!isSteady) {
    if (current.isSteady) tx.patch(services, key, { isSteady: false })
    return {}
  }
  const freed = resolved(tx, current, current.isSteady ? TROUBLES : [...TROUBLES, STEADY])
  const moment = { now, id: ids.uuid() }
  if (!current.isSteady) {
    tx.patch(services, key, { isSteady: true })
    noticeAction(tx, service, { type: 'INFO', name: 'SERVICE_STEADY_STATE' }, moment)
  }
  tellOnce(tx, { ...freed, isSteady: true }, STEADY, 'has reached a steady state.', moment)
  return {}
}
