import type { ListTagsLogGroupRequest, ListTagsLogGroupResponse } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theGroup } from '../access.ts'
import { existingGroup } from '../names.ts'

/** The older word for ListTagsForResource. */
export const ListTagsLogGroup: Operation<ListTagsLogGroupRequest, ListTagsLogGroupResponse> = {
  access: theGroup,
  run: (tx, { logGroupName }, { caller }) => ({
    tags: existingGroup(tx, caller, logGroupName).tags,
  }),
}
