import type { DeleteRetentionPolicyRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { existingGroup, groupKey } from '../names.ts'
import { logGroups } from '../records.ts'

export const DeleteRetentionPolicy: Operation<DeleteRetentionPolicyRequest, object> = {
  access: theGroup,
  run(tx, { logGroupName }, { caller }) {
    existingGroup(tx, caller, logGroupName)
    tx.patch(logGroups, groupKey(caller, logGroupName), { retentionInDays: undefined })
    return {}
  },
}
