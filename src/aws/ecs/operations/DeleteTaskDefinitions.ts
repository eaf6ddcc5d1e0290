import type {
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse,
  Failure,
  TaskDefinition,
} from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Operation } from '#room/operation.ts'

import { definitionArn, definitionIn, definitionKey, invalidParameter } from '../names/names.ts'
import { taskDefinitions } from '../records/records.ts'
import { toTaskDefinition } from '../views/task-definition.ts'

const DEFINITIONS_MAX = 10
const NOT_THERE =
  'The specified task definition does not exist. Specify a valid account, family, revision and try again.'

type Named = { readonly family: string; readonly revision: number }

/** Nothing for what names no revision: it keeps nobody from deleting the others. */
function namedBy(caller: Caller, identifier: string): Named | undefined {
  try {
    const { family, revision } = definitionIn(caller, identifier)
    return revision === undefined ? undefined : { family, revision }
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

const keyOf = (caller: Caller, { family, revision }: Named): string =>
  definitionKey(caller, family, revision)

/** Marks revisions; the reconciler drops each once no task uses it. */
export const DeleteTaskDefinitions: Operation<
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: input.taskDefinitions.flatMap((identifier) => {
        const named = namedBy(caller, identifier)
        return named ? [definitionArn(caller, named.family, named.revision)] : []
      }),
    },
  ],
  run(tx, input, { caller, now }) {
    if (input.taskDefinitions.length > DEFINITIONS_MAX)
      throw invalidParameter(
        `At most ${DEFINITIONS_MAX} task definitions can be deleted at a time.`,
      )
    const failures: Failure[] = []
    const deleted: TaskDefinition[] = []
    for (const identifier of input.taskDefinitions) {
      const named = namedBy(caller, identifier)
      const arn = named ? definitionArn(caller, named.family, named.revision) : identifier
      const found = named && tx.get(taskDefinitions, keyOf(caller, named))
      if (!found) failures.push({ arn, reason: NOT_THERE })
      else if (found.status === 'ACTIVE')
        failures.push({
          arn,
          reason:
            'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
        })
      else
        deleted.push(
          toTaskDefinition(
            tx.patch(taskDefinitions, keyOf(caller, found), {
              status: 'DELETE_IN_PROGRESS',
              deleteRequestedAt: found.deleteRequestedAt ?? now,
            }),
          ),
        )
    }
    return { taskDefinitions: deleted, failures }
  },
}
