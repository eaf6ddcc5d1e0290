import type { UntagResourceRequest, UntagResourceResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { invalidParameter } from '../names/names.ts'
import { taggable } from '../taggable.ts'

export const UntagResource: Operation<UntagResourceRequest, UntagResourceResponse> = {
  access: (_tx, input) => [{ resources: [input.resourceArn] }],
  run(tx, input, { caller }) {
    if (input.tagKeys.some((key) => /^aws:/i.test(key)))
      throw invalidParameter("Tags with the prefix 'aws:' cannot be removed.")
    const resource = taggable(tx, caller, input.resourceArn)
    resource.set(
      tx,
      resource.tags.filter(({ key }) => !input.tagKeys.includes(key ?? '')),
    )
    return {}
  },
}
