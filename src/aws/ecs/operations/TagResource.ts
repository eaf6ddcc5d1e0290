import type { TagResourceRequest, TagResourceResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { taggable } from '../taggable.ts'
import { addTags, validateTags } from '../tags.ts'

export const TagResource: Operation<TagResourceRequest, TagResourceResponse> = {
  access: (_tx, input) =>
    input.resourceArn ? [{ resources: [input.resourceArn] }] : anyResource(),
  run(tx, input, { caller }) {
    validateTags(input.tags)
    const resource = taggable(tx, caller, input.resourceArn)
    resource.set(tx, addTags(resource.tags, input.tags))
    return {}
  },
}
