/**
 * `berth why` and `berth plan`, as the operator's socket serves them: nothing that is asked here changes anything. A plan
 * runs the operation and the scheduler themselves, and keeps nothing of it.
 */
import { parseArn } from '#kernel/arn.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import { type Asked, OperatorError } from '#room/operator.ts'
import { rootCaller, type Tools } from '#room/room.ts'
import type { Read } from '#store/store.ts'

import { type AsOf, asOf } from '../history/as-of.ts'
import type { History } from '../history/history.ts'
import { ofService, serviceArns } from '../names/services.ts'
import type { Policy } from '../policy.ts'
import type { World } from '../services/world.ts'
import { foresee, type Foreseen } from './foresee.ts'
import { type Why, why } from './why.ts'

type Outside = Pick<Tools, 'store' | 'clock' | 'ids' | 'accounts' | 'rehearse'> & {
  readonly policy: Policy
}

const PLANNED = ['CreateService', 'UpdateService', 'DeleteService', 'RunTask']
const REGION = 'us-east-1'

/** `{name, cluster?, region?, accountId?}`: a task, service or deployment by ARN, id or name. */
export function answerWhy(outside: Outside, asked: Asked): Why {
  const { store } = outside
  const { name, cluster = 'default' } = asked
  if (typeof name !== 'string' || typeof cluster !== 'string')
    throw new OperatorError('the name of what is asked about is no text')
  const arn = parseArn(name, 'ecs')
  const found = store.rehearse((tx) => {
    const caller = callerOf(outside, tx, {
      ...asked,
      ...(arn && { accountId: arn.account, region: arn.region }),
    })
    const { tenant, region } = caller
    const place = { tenant, region, cluster: cluster }
    return why(tx, name, place, worldOf(outside))
  })
  if (!found) throw new OperatorError(`there is no task, service or deployment ${name}`)
  return found
}

export type Plan = {
  readonly operation: string
  /** What the operation would answer. */
  readonly answer: object
  /** What would become of the service, if hosts do as they are told. */
  readonly service?: Foreseen
}

/** `{operation, input, region?, accountId?}`: what the operation would do, and the service scheduler after it. */
export function answerPlan(outside: Outside, asked: Asked): Plan {
  const { store, rehearse } = outside
  const operation = String(asked['operation'])
  if (!PLANNED.includes(operation))
    throw new OperatorError(
      `there is no plan of ${operation}; there is one of ${PLANNED.join(', ')}`,
    )
  const caller = store.read((tx) => callerOf(outside, tx, asked))
  try {
    return rehearse(operation, asked['input'] ?? {}, caller, (tx, output) => {
      const { serviceArn } = (output as { service?: { serviceArn?: string } }).service ?? {}
      const service = serviceArns.read(serviceArn ?? '')
      return {
        operation,
        answer: output,
        ...(service && {
          service: foresee(tx, ofService({ ...service, tenant: caller.tenant }), worldOf(outside)),
        }),
      }
    })
  } catch (error) {
    if (error instanceof Fault) throw new OperatorError(`${error.code}: ${error.message}`)
    throw error
  }
}

/** `{service, asOf, cluster?, region?, accountId?}`: the service, its tasks and its events as they were; `asOf` in milliseconds. */
export async function answerHistory(
  outside: Pick<Outside, 'store' | 'clock' | 'accounts'> & { history: History | undefined },
  asked: Asked,
): Promise<AsOf> {
  const { store, clock, history } = outside
  const { service, cluster = 'default' } = asked
  const moment = Number(asked['asOf'])
  if (!history) throw new OperatorError('this server keeps no history')
  if (!(moment <= clock.now())) throw new OperatorError('this moment has not been yet')
  const begins = await history.begins()
  if (moment < begins)
    throw new OperatorError(`history begins at ${new Date(begins).toISOString()}`)
  const caller = store.read((tx) => callerOf(outside, tx, asked))
  const where = { cluster: String(cluster), service: String(service), moment }
  const found = await asOf({ store, history }, caller, where)
  if (!found) throw new OperatorError(`there was no service ${where.service} then`)
  return found
}

const worldOf = ({ clock, ids, policy }: Outside): World => ({
  now: clock.now(),
  ids,
  lostAfterMs: policy.lostHostAfterMs,
})

/** The root user of the account that is named, or of the only one. */
function callerOf(
  { accounts }: Pick<Outside, 'accounts'>,
  tx: Read,
  { accountId, region }: Asked,
): Caller {
  const [only, more] = accounts(tx).filter(
    (account) => accountId === undefined || account.accountId === accountId,
  )
  if (!only) throw new OperatorError('there is no such account')
  if (more) throw new OperatorError('there are several accounts: say which with --account')
  return rootCaller(only, typeof region === 'string' ? region : REGION, 'plan')
}
