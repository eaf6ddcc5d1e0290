import type { PutLogGroupDeletionProtectionRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { existingGroup, groupKey, groupNamed } from '../names.ts'
import { logGroups } from '../records.ts'

export const PutLogGroupDeletionProtection: Operation<
  PutLogGroupDeletionProtectionRequest,
  object
> = {
  access: theGroup,
  run(tx, input, { caller }) {
    const { logGroupName } = existingGroup(tx, caller, groupNamed(caller, input))
    const protects = input.deletionProtectionEnabled ? true : undefined
    tx.patch(logGroups, groupKey(caller, logGroupName), { deletionProtectionEnabled: protects })
    return {}
  },
}
