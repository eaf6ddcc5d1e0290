import type { DeleteLogStreamRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theStream } from '../access.ts'
import { discardStream } from '../discard.ts'
import { existingGroup, existingStream } from '../names.ts'
import { checkUnprotected } from '../protection.ts'

export const DeleteLogStream: Operation<DeleteLogStreamRequest, object> = {
  access: theStream,
  run(tx, { logGroupName, logStreamName }, { caller }) {
    const group = existingGroup(tx, caller, logGroupName)
    const stream = existingStream(tx, caller, group, logStreamName)
    checkUnprotected(group)
    discardStream(tx, group, stream)
    return {}
  },
}
