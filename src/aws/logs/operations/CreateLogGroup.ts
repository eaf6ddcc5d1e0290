import type { CreateLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { alreadyExists, groupKey, invalidParameter } from '../names.ts'
import { logGroups } from '../records.ts'
import { checkTags } from '../tags.ts'

const ID_HEX_DIGITS = 16

export const CreateLogGroup: Operation<CreateLogGroupRequest, object> = {
  access: theGroup,
  run(tx, input, { caller, ids, now }) {
    const { logGroupName, tags = {}, logGroupClass = 'STANDARD' } = input
    if (input.kmsKeyId)
      throw invalidParameter('Encryption is not available in this release of Berth: kmsKeyId.')
    if (logGroupClass !== 'STANDARD')
      throw invalidParameter(
        `This class is not available in this release of Berth: logGroupClass=${logGroupClass}.`,
      )
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
