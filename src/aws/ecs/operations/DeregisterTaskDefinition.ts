import type {
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'
import { findDefinition } from '../definitions/find.ts'
import { clientException, definitionIn, definitionKey, familyKey } from '../names/names.ts'
import { families, taskDefinitions } from '../records/records.ts'
import { toTaskDefinition } from '../views/task-definition.ts'

/** Tasks that run it go on; nothing new may use it. */
export const DeregisterTaskDefinition: Operation<
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse
> = {
  access: anyResource,
  run(tx, { taskDefinition }, { caller, now }) {
    const { family, revision } = definitionIn(caller, taskDefinition)
    if (revision === undefined) throw clientException('Revision is missing.')
    const found = findDefinition(tx, caller, taskDefinition)
    if (!found) throw clientException('The specified task definition does not exist.')
    if (found.status === 'DELETE_IN_PROGRESS')
      throw clientException('The specified task definition is in the process of being deleted.')
    if (found.status === 'INACTIVE') return { taskDefinition: toTaskDefinition(found) }
    const key = familyKey(caller, family)
    const before = tx.get(families, key)
    if (before) tx.put(families, key, { ...before, activeRevisions: before.activeRevisions - 1 })
    const after = tx.patch(taskDefinitions, definitionKey(caller, family, revision), {
      status: 'INACTIVE',
      deregisteredAt: now,
    })
    return { taskDefinition: toTaskDefinition(after) }
  },
}
