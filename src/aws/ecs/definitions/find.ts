/** Finds the task definition that a request means. */
import type { Caller } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import { clientException, definitionIn, definitionKey, scopeOf } from '../names/names.ts'
import { definitionsByStatus, type TaskDefinition, taskDefinitions } from '../records/records.ts'

/** The revision named, whatever its status; without a revision the latest active one. */
export function findDefinition(
  tx: Read,
  caller: Caller,
  identifier: string,
): TaskDefinition | undefined {
  const { family, revision } = definitionIn(caller, identifier)
  if (revision !== undefined)
    return tx.get(taskDefinitions, definitionKey(caller, family, revision))
  const active = `${scopeOf(caller)}/${family}/ACTIVE\u0000`
  for (const { row } of tx.scan(definitionsByStatus, { prefix: active, reverse: true })) return row
  return undefined
}

/** The revision that is meant, whatever its status: what authorization is asked about. */
export function meantDefinition(tx: Read, caller: Caller, identifier: string): TaskDefinition {
  const found = findDefinition(tx, caller, identifier)
  if (!found) throw clientException('TaskDefinition not found.')
  return found
}

/** The revision that a task is to run. */
export function runnableDefinition(tx: Read, caller: Caller, identifier: string): TaskDefinition {
  const found = meantDefinition(tx, caller, identifier)
  if (found.status !== 'ACTIVE') throw clientException('TaskDefinition is inactive')
  return found
}
