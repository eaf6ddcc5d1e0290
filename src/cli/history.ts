/** `berth history`: a service as it was at a moment. */
import { ask } from './admin-client.ts'
import { dataDirectory } from './paths.ts'
import { UserError } from './user-error.ts'

type Options = {
  readonly asOf: string
  readonly data?: string
  readonly cluster: string
  readonly region: string
  readonly account?: string
  readonly json: boolean
}
type AsOf = {
  readonly asOf: string
  readonly service: {
    readonly serviceName: string
    readonly status: string
    readonly taskDefinition?: string
    readonly desiredCount: number
    readonly runningCount: number
    readonly pendingCount: number
    readonly deployments: readonly {
      readonly id: string
      readonly status: string
      readonly rolloutState?: string
      readonly taskDefinition: string
      readonly runningCount: number
      readonly pendingCount: number
      readonly failedTasks: number
    }[]
    readonly taskSets?: readonly {
      readonly id: string
      readonly status: string
      readonly stabilityStatus: string
      readonly scale: { readonly value: number }
      readonly taskDefinition: string
      readonly computedDesiredCount: number
      readonly runningCount: number
      readonly pendingCount: number
    }[]
    readonly events: readonly { readonly createdAt: string; readonly message: string }[]
  }
  readonly tasks: readonly {
    readonly taskArn: string
    readonly lastStatus: string
    readonly desiredStatus: string
    readonly taskDefinitionArn: string
    readonly containerInstanceArn: string
  }[]
  readonly gaps: readonly { readonly from: string; readonly until: string }[]
}

const EVENTS_SHOWN = 10
const ZONED = /T.*(Z|[+-]\d\d:?\d\d)$/i

export async function history(service: string, options: Options): Promise<void> {
  const { cluster, region, account } = options
  const asOf = Date.parse(options.asOf)
  // Without a zone it would be another moment on another machine.
  if (Number.isNaN(asOf) || !ZONED.test(options.asOf))
    throw new UserError(`${options.asOf} is no time with its zone: say it as 2026-01-31T12:00:00Z`)
  const asked = { service, asOf, cluster, region, ...(account && { accountId: account }) }
  const answer = await ask<AsOf>(dataDirectory(options.data), '/history', asked)
  if (options.json) return console.log(JSON.stringify(answer, undefined, 2))
  const { service: was, tasks, gaps } = answer
  console.log(`${was.serviceName} at ${answer.asOf}: ${was.status}, ${short(was.taskDefinition)}`)
  console.log(
    `  desired ${was.desiredCount}, running ${was.runningCount}, pending ${was.pendingCount}`,
  )
  for (const { id, status, rolloutState = '', taskDefinition, ...counts } of was.deployments)
    console.log(
      `  ${id} ${status} ${rolloutState} ${short(taskDefinition)}: ${counts.runningCount} running, ${counts.pendingCount} pending, ${counts.failedTasks} failed`,
    )
  for (const { id, status, stabilityStatus, scale, taskDefinition, ...counts } of was.taskSets ??
    [])
    console.log(
      `  ${id} ${status} ${stabilityStatus} ${short(taskDefinition)}, ${scale.value} %: ${counts.runningCount} running, ${counts.pendingCount} pending of ${counts.computedDesiredCount}`,
    )
  for (const task of tasks)
    console.log(
      `  ${short(task.taskArn)} ${task.lastStatus}, to be ${task.desiredStatus}: ${short(task.taskDefinitionArn)} on ${short(task.containerInstanceArn)}`,
    )
  for (const { createdAt, message } of was.events.slice(0, EVENTS_SHOWN))
    console.log(`  ${createdAt} ${message}`)
  for (const { from, until } of gaps)
    console.log(`  what changed from ${from} until ${until} may be missing`)
}

const short = (arn = ''): string => arn.split(':').slice(5).join(':')
