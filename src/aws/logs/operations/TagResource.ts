import type { TagResourceRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theTagged } from '../access.ts'
import { nameInArn } from '../names.ts'
import { addTags } from '../tags.ts'

export const TagResource: Operation<TagResourceRequest, object> = {
  access: theTagged,
  run(tx, { resourceArn, tags }, { caller }) {
    addTags(tx, caller, nameInArn(caller, resourceArn), tags)
    return {}
  },
}
