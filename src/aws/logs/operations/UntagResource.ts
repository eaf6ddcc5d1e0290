import type { UntagResourceRequest } from '#contract/logs.ts'
import type { Operation } from '#room/operation.ts'

import { theTagged } from '../access.ts'
import { nameInArn } from '../names.ts'
import { removeTags } from '../tags.ts'

export const UntagResource: Operation<UntagResourceRequest, object> = {
  access: theTagged,
  run(tx, { resourceArn, tagKeys }, { caller }) {
    removeTags(tx, caller, nameInArn(caller, resourceArn), tagKeys)
    return {}
  },
}
