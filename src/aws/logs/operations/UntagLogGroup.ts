import type { UntagLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { removeTags } from '../tags.ts'

/** The older word for UntagResource. */
export const UntagLogGroup: Operation<UntagLogGroupRequest, object> = {
  access: theGroup,
  run(tx, { logGroupName, tags }, { caller }) {
    removeTags(tx, caller, logGroupName, tags)
    return {}
  },
}
