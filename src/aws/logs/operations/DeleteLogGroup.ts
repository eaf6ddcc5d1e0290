import type { DeleteLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { discardGroup } from '../discard.ts'
import { existingGroup } from '../names.ts'
import { checkUnprotected } from '../protection.ts'

/** The group, its streams and its events are gone at once; what they take up is freed behind it. */
export const DeleteLogGroup: Operation<DeleteLogGroupRequest, object> = {
  access: theGroup,
  run(tx, { logGroupName }, { caller }) {
    const group = existingGroup(tx, caller, logGroupName)
    checkUnprotected(group)
    discardGroup(tx, group)
    return {}
  },
}
