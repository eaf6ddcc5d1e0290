/** The container instances that attribute requests name, one an attribute. */
import type { Attribute } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Context, Question } from '#room/operation.ts'
import type { Read } from '#store/store.ts'

import { inCluster, named } from '../access.ts'
import { invalidParameter } from '../names/names.ts'
import type { Cluster, ContainerInstance } from '../records/records.ts'
import { findInstance } from '../tasks/find.ts'
import { ATTRIBUTES_PER_CALL_MAX } from './attributes.ts'

type Request = { readonly cluster?: string | undefined; readonly attributes: readonly Attribute[] }

/** For authorization: the container instances themselves. */
export const theTargets = (
  _tx: Read,
  { cluster, attributes }: Request,
  { caller }: Context,
): readonly Question[] => [
  {
    resources: named(caller, cluster, attributes.map(targetId), 'container-instance'),
    conditions: inCluster(caller, cluster),
  },
]

/** A request names at least one attribute, and not too many. */
export function checkCount({ attributes }: Request): void {
  if (attributes.length === 0 || attributes.length > ATTRIBUTES_PER_CALL_MAX)
    throw invalidParameter(`A request takes 1 to ${ATTRIBUTES_PER_CALL_MAX} attributes.`)
}

function targetId({ targetId: id, targetType }: Attribute): string {
  if (id === undefined) throw invalidParameter('Attribute targetId must be specified.')
  if (targetType !== undefined && targetType !== 'container-instance')
    throw invalidParameter(`Invalid target type: ${String(targetType)}`)
  return id
}

export function theTarget(
  tx: Read,
  caller: Caller,
  cluster: Cluster,
  attribute: Attribute,
): ContainerInstance {
  const id = targetId(attribute)
  const instance = findInstance(tx, caller, cluster, id)
  if (!instance || instance.status === 'INACTIVE')
    throw new Fault(
      'TargetNotFoundException',
      `Unable to find container instance with id ${id.slice(0, 255)}`,
    )
  return instance
}
