import type { CreateLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'
import { ownerOf, scopeOf } from '#room/owned.ts'

import { theGroup } from '../access.ts'
import { alreadyExists, fault, groupKey } from '../names.ts'
import { groupCounts, logGroups } from '../records.ts'
import { checkTags } from '../tags.ts'
import { unavailable } from '../unbuilt.ts'

const ID_HEX_DIGITS = 16
/** In one account and region. AWS has a million; these are in memory, with up to 50 tags each. */
export const LOG_GROUPS_MAX = 10_000

export const CreateLogGroup: Operation<CreateLogGroupRequest, object> = {
  access: theGroup,
  run(tx, input, { caller, ids, now }) {
    const { logGroupName, tags = {}, logGroupClass = 'STANDARD' } = input
    if (input.kmsKeyId) throw unavailable('Encryption is', 'kmsKeyId')
    if (logGroupClass !== 'STANDARD')
      throw unavailable('This class is', `logGroupClass=${logGroupClass}`)
    checkTags(tags)
    const key = groupKey(caller, logGroupName)
    if (tx.get(logGroups, key)) throw alreadyExists('group')
    if ((tx.view(groupCounts).get(scopeOf(caller)) ?? 0) >= LOG_GROUPS_MAX)
      throw fault<'CreateLogGroup'>('LimitExceededException', 'Resource limit exceeded.')
    tx.put(logGroups, key, {
      ...ownerOf(caller),
      logGroupName,
      groupId: ids.hex(ID_HEX_DIGITS),
      creationTime: now,
      ...(input.deletionProtectionEnabled && { deletionProtectionEnabled: true }),
      tags,
    })
    return {}
  },
}
