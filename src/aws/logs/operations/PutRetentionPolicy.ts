import type { PutRetentionPolicyRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { existingGroup, groupKey, checkEnum } from '../names.ts'
import { logGroups } from '../records.ts'

/** The numbers of days that CloudWatch Logs knows, from its API reference. */
const DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]

export const PutRetentionPolicy: Operation<PutRetentionPolicyRequest, object> = {
  access: theGroup,
  run(tx, { logGroupName, retentionInDays }, { caller }) {
    checkEnum('retentionInDays', retentionInDays, DAYS)
    existingGroup(tx, caller, logGroupName)
    tx.patch(logGroups, groupKey(caller, logGroupName), { retentionInDays })
    return {}
  },
}
