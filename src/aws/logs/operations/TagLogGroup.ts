import type { TagLogGroupRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { addTags } from '../tags.ts'

/** The older word for TagResource. */
export const TagLogGroup: Operation<TagLogGroupRequest, object> = {
  access: theGroup,
  run(tx, { logGroupName, tags }, { caller }) {
    addTags(tx, caller, logGroupName, tags)
    return {}
  },
}
