import type {
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse,
  Failure,
  TaskDefinition,
} from '#contract/ecs.ts'
import type { Operation } from '#room/room.ts'

import { findDefinition } from '../definitions/find.ts'
import { definitionArn, definitionIn, definitionKey, invalidParameter } from '../names.ts'
import { taskDefinitions } from '../records.ts'
import { toTaskDefinition } from '../views/task-definition.ts'

const DEFINITIONS_MAX = 10

/** Marks revisions; the reconciler drops each once no task uses it. */
export const DeleteTaskDefinitions: Operation<
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse
> = {
  action: 'ecs:DeleteTaskDefinitions',
  access: (_tx, input, { caller }) => ({
    resources: input.taskDefinitions.map((identifier) => {
      const { family, revision = 0 } = definitionIn(caller, identifier)
      return definitionArn(caller, family, revision)
    }),
  }),
  run(tx, input, { caller, now }) {
    if (input.taskDefinitions.length > DEFINITIONS_MAX)
      throw invalidParameter(
        `At most ${DEFINITIONS_MAX} task definitions can be deleted at a time.`,
      )
    const failures: Failure[] = []
    const deleted: TaskDefinition[] = []
    for (const identifier of input.taskDefinitions) {
      const { family, revision } = definitionIn(caller, identifier)
      if (revision === undefined) throw invalidParameter('Revision is missing in task definition.')
      const arn = definitionArn(caller, family, revision)
      const found = findDefinition(tx, caller, identifier)
      if (!found)
        failures.push({
          arn,
          reason:
            'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
        })
      else if (found.status === 'ACTIVE')
        failures.push({
          arn,
          reason:
            'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
        })
      else
        deleted.push(
          toTaskDefinition(
            tx.patch(taskDefinitions, definitionKey(caller, family, revision), {
              status: 'DELETE_IN_PROGRESS',
              deleteRequestedAt: found.deleteRequestedAt ?? now,
            }),
          ),
        )
    }
    return { taskDefinitions: deleted, failures }
  },
}
