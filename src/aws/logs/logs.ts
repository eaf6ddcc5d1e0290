/**
 * Amazon CloudWatch Logs: groups and streams as records, their events in a storage of their own. What is not listed
 * here answers 501; StartLiveTail is one, since event streams are not built.
 */
import type { Operations } from '#contract/logs.ts'
import { StorageUnavailable } from '#files/storage.ts'
import { assert } from '#kernel/assert.ts'
import { type Handlers, onInput } from '#room/operation.ts'
import type { Room } from '#room/room.ts'

import { burial } from './burial.ts'
import { given } from './meant.ts'
import { fault } from './names.ts'
import { CreateLogGroup } from './operations/CreateLogGroup.ts'
import { CreateLogStream } from './operations/CreateLogStream.ts'
import { DeleteLogGroup } from './operations/DeleteLogGroup.ts'
import { DeleteLogStream } from './operations/DeleteLogStream.ts'
import { DeleteRetentionPolicy } from './operations/DeleteRetentionPolicy.ts'
import { DescribeLogGroups } from './operations/DescribeLogGroups.ts'
import { DescribeLogStreams } from './operations/DescribeLogStreams.ts'
import { FilterLogEvents } from './operations/FilterLogEvents.ts'
import { GetLogEvents } from './operations/GetLogEvents.ts'
import { ListLogGroups } from './operations/ListLogGroups.ts'
import { ListTagsForResource } from './operations/ListTagsForResource.ts'
import { ListTagsLogGroup } from './operations/ListTagsLogGroup.ts'
import { PutLogEvents } from './operations/PutLogEvents.ts'
import { PutLogGroupDeletionProtection } from './operations/PutLogGroupDeletionProtection.ts'
import { PutRetentionPolicy } from './operations/PutRetentionPolicy.ts'
import { TagLogGroup } from './operations/TagLogGroup.ts'
import { TagResource } from './operations/TagResource.ts'
import { UntagLogGroup } from './operations/UntagLogGroup.ts'
import { UntagResource } from './operations/UntagResource.ts'
import { discardReconciler } from './reconcilers/discards.ts'
import { retentionReconciler } from './reconcilers/retention.ts'
import { discards, logGroups, logStreams } from './records.ts'
import { LOG_FILES, type LogStorage, logStorage } from './storage.ts'
import { UNBUILT } from './unbuilt.ts'

export function logs(): Room {
  /** There from the start of the server to its end. */
  let kept: LogStorage | undefined
  const asked = forCallers(() => {
    assert(kept, 'an operation runs before its room has started')
    return kept
  })
  const operations = {
    CreateLogGroup,
    CreateLogStream,
    DeleteLogGroup,
    DeleteLogStream,
    DeleteRetentionPolicy,
    DescribeLogGroups: DescribeLogGroups(asked),
    DescribeLogStreams: DescribeLogStreams(asked),
    FilterLogEvents: FilterLogEvents(asked),
    GetLogEvents: GetLogEvents(asked),
    ListLogGroups,
    ListTagsForResource,
    ListTagsLogGroup,
    PutLogEvents: PutLogEvents(asked),
    PutLogGroupDeletionProtection,
    PutRetentionPolicy,
    TagLogGroup,
    TagResource,
    UntagLogGroup,
    UntagResource,
  } satisfies Partial<Handlers<Operations>>
  return {
    service: 'logs',
    records: { discards, logGroups, logStreams },
    burial,
    unbuilt: UNBUILT,
    // What clients write as empty texts is left out before an operation looks at its input.
    operations: onInput(operations, (_name, input) => given(input)),
    start(tools) {
      const storage = (kept = logStorage(tools.files(LOG_FILES)))
      return {
        reconcilers: [discardReconciler(tools, storage), retentionReconciler(tools, storage)],
        close: () => storage.close(),
      }
    },
  }
}

/** The storage as operations ask it: where it cannot, callers hear AWS's word for it and try again. */
function forCallers(storage: () => LogStorage): LogStorage {
  const orFault = (error: unknown): never => {
    if (!(error instanceof StorageUnavailable)) throw error
    throw fault('ServiceUnavailableException', 'The service cannot complete the request.', 500)
  }
  return {
    append: (stream, events, at) => storage().append(stream, events, at).catch(orFault),
    read: (query) => storage().read(query).catch(orFault),
    stats: (groupId, streamIds, of) => storage().stats(groupId, streamIds, of).catch(orFault),
    expire: (groupId, before) => storage().expire(groupId, before),
    delete: (what) => storage().delete(what).catch(orFault),
    close: () => storage().close(),
  }
}
