/**
 * `berth why` and `berth plan`, as the operator's socket serves them: nothing that is asked here changes anything. A plan
 * runs the operation and the scheduler themselves, and keeps nothing of it.
 */
import { type Foreseen, foresee } from '#aws/ecs/explain/foresee.ts'
import { type Why, why } from '#aws/ecs/explain/why.ts'
import type { World } from '#aws/ecs/services/world.ts'
import { accounts, tenantOf } from '#aws/iam/records.ts'
import type { Gateway } from '#gateway/gateway.ts'
import { parseArn } from '#kernel/arn.ts'
import type { Clock } from '#kernel/clock.ts'
import { Fault } from '#kernel/fault.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Policy } from '#room/room.ts'
import type { Read, Store } from '#store/store.ts'

import { type AsOf, asOf } from './history/as-of.ts'
import type { History } from './history/history.ts'
import type { Operations } from './operations.ts'

type Outside = {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly operations: Operations
  readonly gateway: Pick<Gateway, 'checked'>
  readonly policy: Policy
}
type Asked = Readonly<Record<string, unknown>>

/** What was asked cannot be answered: the text says why. */
export class ExplainError extends Error {
  override name = 'ExplainError'
}

const PLANNED = ['CreateService', 'UpdateService', 'DeleteService', 'RunTask']
const REGION = 'us-east-1'

/** `{name, cluster?, region?, accountId?}`: a task, service or deployment by ARN, id or name. */
export function answerWhy(outside: Outside, asked: Asked): Why {
  const { store } = outside
  const { name, cluster = 'default' } = asked
  if (typeof name !== 'string' || typeof cluster !== 'string')
    throw new ExplainError('the name of what is asked about is no text')
  const arn = parseArn(name, 'ecs')
  const found = store.rehearse((tx) => {
    const caller = callerOf(tx, {
      ...asked,
      ...(arn && { accountId: arn.account, region: arn.region }),
    })
    const { tenant, region } = caller
    const place = { tenant, region, cluster: cluster }
    return why(tx, name, place, worldOf(outside))
  })
  if (!found) throw new ExplainError(`there is no task, service or deployment ${name}`)
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
  const { store, operations, gateway } = outside
  const operation = String(asked['operation'])
  if (!PLANNED.includes(operation))
    throw new ExplainError(
      `there is no plan of ${operation}; there is one of ${PLANNED.join(', ')}`,
    )
  const caller = store.read((tx) => callerOf(tx, asked))
  try {
    const input = gateway.checked('ecs', operation, asked['input'] ?? {})
    return operations.rehearse(['ecs', operation], input, caller, (tx, output) => {
      const { serviceArn } = (output as { service?: { serviceArn?: string } }).service ?? {}
      const name = serviceArn?.split(':').pop()?.slice('service/'.length)
      return {
        operation,
        answer: output,
        ...(name !== undefined && {
          service: foresee(tx, `${caller.tenant}/${caller.region}/${name}`, worldOf(outside)),
        }),
      }
    })
  } catch (error) {
    if (error instanceof Fault) throw new ExplainError(`${error.code}: ${error.message}`)
    throw error
  }
}

/** `{service, asOf, cluster?, region?, accountId?}`: the service, its tasks and its events as they were; `asOf` in milliseconds. */
export async function answerHistory(
  { store, clock, history }: Pick<Outside, 'store' | 'clock'> & { history: History | undefined },
  asked: Asked,
): Promise<AsOf> {
  const { service, cluster = 'default' } = asked
  const moment = Number(asked['asOf'])
  if (!history) throw new ExplainError('this server keeps no history')
  if (!(moment <= clock.now())) throw new ExplainError('this moment has not been yet')
  const begins = await history.begins()
  if (moment < begins) throw new ExplainError(`history begins at ${new Date(begins).toISOString()}`)
  const caller = store.read((tx) => callerOf(tx, asked))
  const where = { cluster: String(cluster), service: String(service), moment }
  const found = await asOf({ store, history }, caller, where)
  if (!found) throw new ExplainError(`there was no service ${where.service} then`)
  return found
}

const worldOf = ({ clock, ids, policy }: Outside): World => ({
  now: clock.now(),
  ids,
  lostAfterMs: policy.lostHostAfterMs,
})

/** The root user of the account that is named, or of the only one. */
function callerOf(tx: Read, { accountId, region }: Asked): Caller {
  const [only, more] = [...tx.scan(accounts)].filter(
    ({ key }) => accountId === undefined || key === accountId,
  )
  if (!only) throw new ExplainError('there is no such account')
  if (more) throw new ExplainError('there are several accounts: say which with --account')
  return {
    principal: { type: 'root', accountId: only.key },
    accountId: only.key,
    region: typeof region === 'string' ? region : REGION,
    tenant: tenantOf(only.row),
    requestId: 'plan',
    endpoint: '',
  }
}
