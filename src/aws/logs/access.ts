/** Resources that the operations of CloudWatch Logs touch, from the Service Authorization Reference. */
import type { Context, Question } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { groupArn, groupNamed, nameInArn, streamArn } from './names.ts'

type Questions = readonly Question[]
type Named = {
  readonly logGroupName?: string | undefined
  readonly logGroupIdentifier?: string | undefined
}
type Who = Pick<Context, 'caller'>

/** For operations that list groups: AWS asks about all of them. */
export const allGroups = (_tx: Read, _input: object, { caller }: Who): Questions => [
  {
    resources: [groupArn(caller, '*')],
  },
]

export const theGroup = (_tx: Read, input: Named, { caller }: Who): Questions => [
  {
    resources: [groupArn(caller, groupNamed(caller, input))],
  },
]

export const theStream = (
  _tx: Read,
  input: Named & { readonly logStreamName: string },
  { caller }: Who,
): Questions => [
  {
    resources: [streamArn(caller, groupNamed(caller, input), input.logStreamName)],
  },
]

export const theTagged = (
  _tx: Read,
  { resourceArn }: { readonly resourceArn: string },
  { caller }: Who,
): Questions => [{ resources: [groupArn(caller, nameInArn(caller, resourceArn))] }]
