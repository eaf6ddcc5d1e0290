import type {
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
} from '#contract/ecs.ts'
import { principalArn } from '#kernel/principal.ts'
import type { Operation } from '#room/operation.ts'
import { ownerOf } from '#room/owned.ts'

import { passing, tagging } from '../access.ts'
import { compatibilities, requiresAttributes } from '../definitions/capabilities.ts'
import { normalise } from '../definitions/normalise.ts'
import { checkSize, validate } from '../definitions/validate.ts'
import { meant } from '../meant.ts'
import { clientException, definitionArn, definitionKey, familyKey } from '../names/names.ts'
import { families, type TaskDefinition, taskDefinitions } from '../records/records.ts'
import { keptTags } from '../tags.ts'
import { toTaskDefinition } from '../views/task-definition.ts'

const REVISIONS_MAX = 1_000_000

export const RegisterTaskDefinition: Operation<
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse
> = {
  access(_tx, input, { caller }) {
    const resource = definitionArn(caller, input.family, '*')
    return [
      { resources: [resource] },
      ...passing(caller, input),
      ...tagging(input.tags, 'RegisterTaskDefinition', resource),
    ]
  },
  run(tx, input, { caller, now }) {
    checkSize(input)
    validate(meant(input))
    const key = familyKey(caller, input.family)
    const before = tx.get(families, key) ?? {
      family: input.family,
      lastRevision: 0,
      activeRevisions: 0,
    }
    const revision = before.lastRevision + 1
    if (revision > REVISIONS_MAX)
      throw clientException(`The family has reached its limit of ${REVISIONS_MAX} revisions.`)
    tx.put(families, key, {
      ...before,
      lastRevision: revision,
      activeRevisions: before.activeRevisions + 1,
    })
    const definition = normalise(input)
    const row: TaskDefinition = {
      ...ownerOf(caller),
      family: input.family,
      revision,
      status: 'ACTIVE',
      definition,
      requiresAttributes: requiresAttributes(definition),
      compatibilities: compatibilities(definition),
      registeredAt: now,
      registeredBy: principalArn(caller.principal),
      tags: keptTags(input.tags),
    }
    tx.put(taskDefinitions, definitionKey(caller, row.family, revision), row)
    return { taskDefinition: toTaskDefinition(row), tags: row.tags }
  },
}
