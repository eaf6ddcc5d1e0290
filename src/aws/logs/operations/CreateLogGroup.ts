import type { CreateLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { alreadyExists, groupKey } from '../names.ts'
import { logGroups } from '../records.ts'
import { checkTags } from '../tags.ts'
import { unavailable } from '../unbuilt.ts'

const ID_HEX_DIGITS = 16

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
    tx.put(logGroups, key, {
      tenant: caller.tenant,
      accountId: caller.accountId,
      region: caller.region,
      logGroupName,
      groupId: ids.hex(ID_HEX_DIGITS),
      creationTime: now,
      ...(input.deletionProtectionEnabled && { deletionProtectionEnabled: true }),
      tags,
    })
    return {}
  },
}
