import type { ListTagsForResourceRequest, ListTagsForResourceResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { taggable } from '../taggable.ts'

/** Agents ask for the tags of their own container instance and of their tasks. */
export const ListTagsForResource: Operation<
  ListTagsForResourceRequest,
  ListTagsForResourceResponse
> = {
  access(tx, input, { caller }) {
    const { host } = taggable(tx, caller, input.resourceArn)
    // For a machine key the question is whose host the resource is on.
    const isHost = caller.principal.type === 'host'
    return [{ resources: [isHost ? (host ?? input.resourceArn) : input.resourceArn] }]
  },
  run: (tx, input, { caller }) => ({ tags: taggable(tx, caller, input.resourceArn).tags }),
}
