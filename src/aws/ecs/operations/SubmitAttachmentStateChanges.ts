import type {
  SubmitAttachmentStateChangesRequest,
  SubmitAttachmentStateChangesResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { activeCluster, invalidParameter } from '../names/names.ts'

/** No attachment is made before task networks and volumes are built, so none can change its state. */
export const SubmitAttachmentStateChanges: Operation<
  SubmitAttachmentStateChangesRequest,
  SubmitAttachmentStateChangesResponse
> = {
  access: anyResource,
  run(tx, input, { caller }) {
    activeCluster(tx, caller, input.cluster)
    const [first] = input.attachments
    if (first) throw invalidParameter(`Unknown attachment: ${first.attachmentArn.slice(0, 255)}`)
    return { acknowledgment: 'ok' }
  },
}
