import type { ListTagsForResourceRequest, ListTagsForResourceResponse } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theTagged } from '../access.ts'
import { existingGroup, nameInArn } from '../names.ts'

export const ListTagsForResource: Operation<
  ListTagsForResourceRequest,
  ListTagsForResourceResponse
> = {
  access: theTagged,
  run: (tx, { resourceArn }, { caller }) => ({
    tags: existingGroup(tx, caller, nameInArn(caller, resourceArn)).tags,
  }),
}
