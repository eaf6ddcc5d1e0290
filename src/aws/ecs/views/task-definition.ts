/** A task definition as the API shows it: what was registered, with its defaults, and what ECS adds. */
import type * as Api from '#contract/ecs.ts'

import { definitionArn } from '../names/names.ts'
import type { TaskDefinition } from '../records/records.ts'

export function toTaskDefinition(row: TaskDefinition): Api.TaskDefinition {
  return {
    ...row.definition,
    taskDefinitionArn: definitionArn(row, row.family, row.revision),
    family: row.family,
    revision: row.revision,
    status: row.status,
    requiresAttributes: row.requiresAttributes,
    compatibilities: row.compatibilities,
    registeredAt: new Date(row.registeredAt),
    registeredBy: row.registeredBy,
    ...(row.deregisteredAt !== undefined && { deregisteredAt: new Date(row.deregisteredAt) }),
    ...(row.deleteRequestedAt !== undefined && {
      deleteRequestedAt: new Date(row.deleteRequestedAt),
    }),
  }
}
