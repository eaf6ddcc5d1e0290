import type {
  DescribeServiceRevisionsRequest,
  DescribeServiceRevisionsResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { serviceRevisions } from '../records/services.ts'
import { theParts } from '../services/access.ts'
import { describedParts } from '../services/describe-parts.ts'
import { toServiceRevision } from '../views/service-deployment.ts'

export const DescribeServiceRevisions: Operation<
  DescribeServiceRevisionsRequest,
  DescribeServiceRevisionsResponse
> = {
  access: (_tx, input, { caller }) =>
    theParts(caller, input.serviceRevisionArns, 'service-revision'),
  run(tx, { serviceRevisionArns: arns }, { caller }) {
    const asked = { arns, member: 'serviceRevisionArns', type: 'service-revision' } as const
    const { found, failures } = describedParts(tx, caller, serviceRevisions, asked)
    return { serviceRevisions: found.map((row) => toServiceRevision(tx, row)), failures }
  },
}
