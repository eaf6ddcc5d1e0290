import type { CreateLogStreamRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theStream } from '../access.ts'
import { alreadyExists, existingGroup, streamKey } from '../names.ts'
import { logStreams } from '../records.ts'

const ID_HEX_DIGITS = 16

export const CreateLogStream: Operation<CreateLogStreamRequest, object> = {
  access: theStream,
  run(tx, { logGroupName, logStreamName }, { caller, ids, now }) {
    const group = existingGroup(tx, caller, logGroupName)
    const key = streamKey(caller, group, logStreamName)
    if (tx.get(logStreams, key)) throw alreadyExists('stream')
    tx.put(logStreams, key, {
      logStreamName,
      streamId: ids.hex(ID_HEX_DIGITS),
      creationTime: now,
    })
    return {}
  },
}
