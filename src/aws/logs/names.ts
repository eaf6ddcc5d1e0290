/** Names of CloudWatch Logs: ARNs, record keys, and how requests name a group or a stream. */
import type { Operations } from '#contract/logs.ts'
import type { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import { arnsOf, type Place } from '#room/arns.ts'
import { enumCheck } from '#room/checks.ts'
import { faultsOf } from '#room/faults.ts'
import { type Owned, scopeOf } from '#room/owned.ts'
import type { Read } from '#store/store.ts'

import { type LogGroup, logGroups, type LogStream, logStreams } from './records.ts'

export const groupKey = (of: Owned, name: string): string => `${scopeOf(of)}/${name}`
export const streamsPrefix = (of: Owned, { groupId }: LogGroup): string =>
  `${scopeOf(of)}/${groupId}/`
export const streamKey = (of: Owned, group: LogGroup, name: string): string =>
  `${streamsPrefix(of, group)}${name}`

const groupArns = arnsOf('logs', 'log-group:{logGroupName+}')
/** AWS's own: of the group and all of its streams. */
const wholeGroupArns = arnsOf('logs', 'log-group:{logGroupName+}:*')
const streamArns = arnsOf('logs', 'log-group:{logGroupName+}:log-stream:{logStreamName+}')

/** The ARN that tags and policies know the group by. */
export const groupArn = (of: Place, logGroupName: string): string =>
  groupArns.write(of, { logGroupName })
export const wholeGroupArn = (of: Place, logGroupName: string): string =>
  wholeGroupArns.write(of, { logGroupName })
export const streamArn = (of: Place, logGroupName: string, logStreamName: string): string =>
  streamArns.write(of, { logGroupName, logStreamName })

export const fault = faultsOf<Operations>()
export const invalidParameter = (message: string): Fault =>
  fault('InvalidParameterException', message)
export const checkEnum = enumCheck((member, value, known) =>
  invalidParameter(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${known.join(', ')}]`,
  ),
)
export const alreadyExists = (what: 'group' | 'stream'): Fault =>
  fault('ResourceAlreadyExistsException', `The specified log ${what} already exists`)
export const notFound = (what: 'group' | 'stream'): Fault =>
  fault('ResourceNotFoundException', `The specified log ${what} does not exist.`)

export function existingGroup(tx: Read, caller: Caller, name: string): LogGroup {
  const group = tx.get(logGroups, groupKey(caller, name))
  if (!group) throw notFound('group')
  return group
}

export function existingStream(tx: Read, caller: Caller, group: LogGroup, name: string): LogStream {
  const stream = tx.get(logStreams, streamKey(caller, group, name))
  if (!stream) throw notFound('stream')
  return stream
}

/** A request names its group by `logGroupName`, or by `logGroupIdentifier`, which may be an ARN; never by both. */
export function groupNamed(
  caller: Caller,
  {
    logGroupName,
    logGroupIdentifier,
  }: {
    readonly logGroupName?: string | undefined
    readonly logGroupIdentifier?: string | undefined
  },
): string {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined)
    throw fault(
      'ValidationException',
      'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
    )
  const named = logGroupName ?? logGroupIdentifier
  if (named === undefined)
    throw invalidParameter('Either LogGroup name or LogGroup identifier must be specified.')
  return named.startsWith('arn:') ? nameInArn(caller, named) : named
}

/** The group's name in an ARN of the caller's account and region, with or without the `:*` that AWS's own has. */
export function nameInArn(caller: Caller, text: string): string {
  const named = (of?: Place) => groupArns.read(text, of) ?? wholeGroupArns.read(text, of)
  if (!named()) throw invalidParameter(`Invalid resource ARN: ${text.slice(0, 255)}`)
  const own = named(caller)
  if (!own) throw notFound('group')
  return own.logGroupName
}
