/** `berth plan`: what an operation would start and stop, where, and how far the service would come. */
import { readNamed } from '#server/config.ts'

import { ask } from './admin-client.ts'
import { dataDirectory } from './paths.ts'
import { UserError } from './user-error.ts'

type Options = {
  readonly data?: string
  readonly region: string
  readonly account?: string
  readonly json: boolean
}
type Plan = {
  readonly answer: {
    readonly tasks?: readonly { readonly containerInstanceArn: string }[]
    readonly failures?: readonly {
      readonly arn?: string
      readonly reason?: string
      readonly detail?: string
    }[]
  }
  readonly service?: {
    readonly steps: readonly {
      readonly afterMs: number
      readonly starts: readonly {
        readonly containerInstanceArn: string
        readonly taskDefinitionArn: string
      }[]
      readonly stops: readonly { readonly taskArn: string; readonly reason: string }[]
    }[]
    readonly end: string
    readonly afterMs: number
    readonly events: readonly string[]
    readonly unbuilt: readonly string[]
  }
}

const ENDS: Readonly<Record<string, string>> = {
  STEADY: 'it comes to a steady state',
  STUCK: 'it comes no further: the percentages let nothing start or stop',
  WAITS_FOR_HOSTS: 'it comes no further: no host takes what is missing (berth why says more)',
  PAUSED: 'it waits for continue-service-deployment',
  FAILED: 'its deployment fails',
  HAS_FAILED: 'its deployment has failed: nothing starts until there is another',
  WAITS: 'it comes no further: it waits for what others do (berth why says more)',
  INACTIVE: 'it is INACTIVE',
  TOO_FAR: 'it goes on beyond what is looked at',
}

export async function plan(operation: string, input: string, options: Options): Promise<void> {
  const { region, account } = options
  const asked = {
    operation: operation
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(''),
    input: parsed(input),
    region,
    ...(account && { accountId: account }),
  }
  const answer = await ask<Plan>(dataDirectory(options.data), '/plan', asked)
  if (options.json) return console.log(JSON.stringify(answer, undefined, 2))
  for (const { containerInstanceArn } of answer.answer.tasks ?? [])
    console.log(`would start a task on ${containerInstanceArn}`)
  for (const { arn, reason, detail } of answer.answer.failures ?? [])
    console.log(`would not: ${[reason, arn, detail].filter(Boolean).join(' ')}`)
  if (!answer.service) return
  const { steps, end, afterMs, events, unbuilt } = answer.service
  if (steps.length === 0) console.log('would start and stop nothing')
  for (const { afterMs: at, starts, stops } of steps) {
    console.log(`after ${seconds(at)}:`)
    for (const { containerInstanceArn, taskDefinitionArn } of starts)
      console.log(`  start ${short(taskDefinitionArn)} on ${short(containerInstanceArn)}`)
    for (const { taskArn, reason } of stops) console.log(`  stop ${short(taskArn)}: ${reason}`)
  }
  console.log(`after ${seconds(afterMs)}: ${ENDS[end] ?? end}`)
  if (unbuilt.length > 0)
    console.log(`  its task definition asks for what is not in this release: ${unbuilt.join(', ')}`)
  if (steps.some(({ starts }) => starts.length > 0))
    console.log('  if every task starts and, where it is checked, is healthy')
  if (steps.some(({ stops }) => stops.length > 0))
    console.log('  if every task that stops takes the whole of its stop timeout')
  for (const event of events) console.log(`  event: ${event}`)
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`
const short = (arn: string): string => arn.split(':').slice(5).join(':')

function parsed(input: string): unknown {
  const text = input.startsWith('file://') ? readNamed(input.slice(7)) : input
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new UserError(`the input is not JSON: ${(error as Error).message}`)
  }
}
