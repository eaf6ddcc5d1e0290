import type {
  DescribeServiceDeploymentsRequest,
  DescribeServiceDeploymentsResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { serviceDeployments } from '../records/services.ts'
import { theParts } from '../services/access.ts'
import { describedParts } from '../services/describe-parts.ts'
import { toServiceDeployment } from '../views/service-deployment.ts'

export const DescribeServiceDeployments: Operation<
  DescribeServiceDeploymentsRequest,
  DescribeServiceDeploymentsResponse
> = {
  access: (_tx, input, { caller }) =>
    theParts(caller, input.serviceDeploymentArns, 'service-deployment'),
  run(tx, { serviceDeploymentArns: arns }, { caller }) {
    const asked = { arns, member: 'serviceDeploymentArns', type: 'service-deployment' } as const
    const { found, failures } = describedParts(tx, caller, serviceDeployments, asked)
    return { serviceDeployments: found.map((row) => toServiceDeployment(tx, row)), failures }
  },
}
