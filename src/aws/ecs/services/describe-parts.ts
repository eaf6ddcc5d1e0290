/** Service deployments and service revisions that a request names by ARN, and those that are not there. */
import type { Failure } from '#contract/ecs.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Read, Table } from '#store/store.ts'

import { DESCRIBE_PARTS_MAX } from '../limits.ts'
import { invalidParameter } from '../names/names.ts'
import { inService } from '../names/services.ts'
import { partIn } from './find.ts'

type Asked = {
  readonly arns: readonly string[]
  /** As the request calls them. */
  readonly member: string
  readonly type: 'service-deployment' | 'service-revision'
}

export function describedParts<T>(
  tx: Read,
  caller: Caller,
  table: Table<T>,
  { arns, member, type }: Asked,
): { readonly found: Readonly<T>[]; readonly failures: Failure[] } {
  if (arns.length === 0) throw invalidParameter(`${member} cannot be empty.`)
  if (arns.length > DESCRIBE_PARTS_MAX)
    throw invalidParameter(`${member} cannot be greater than ${DESCRIBE_PARTS_MAX} items.`)
  const found: Readonly<T>[] = []
  const failures: Failure[] = []
  for (const arn of new Set(arns)) {
    const { of, id } = partIn(caller, arn, type)
    const row = tx.get(table, inService(of, id))
    if (row) found.push(row)
    else failures.push({ arn, reason: 'MISSING' })
  }
  return { found, failures }
}
