import type {
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { findDefinition } from '../definitions/find.ts'
import { clientException, included } from '../names/names.ts'
import { toTaskDefinition } from '../views/task-definition.ts'

export const DescribeTaskDefinition: Operation<
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse
> = {
  access: anyResource,
  run(tx, { taskDefinition, include }, { caller }) {
    const found = findDefinition(tx, caller, taskDefinition)
    if (!found) throw clientException('Unable to describe task definition.')
    return {
      taskDefinition: toTaskDefinition(found),
      tags: included(include).has('TAGS') ? found.tags : [],
    }
  },
}
