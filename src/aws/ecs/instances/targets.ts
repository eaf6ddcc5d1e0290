/** The container instances that attribute requests name, one an attribute. */
import type { Attribute } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Read } from '#store/store.ts'

import { named } from '../access.ts'
import { invalidParameter } from '../names.ts'
import type { Cluster, ContainerInstance } from '../records.ts'
import { findInstance } from '../tasks/find.ts'

type Request = { readonly cluster?: string | undefined; readonly attributes: readonly Attribute[] }

/** Their ARNs, for authorization. */
export const targets = (caller: Caller, { cluster, attributes }: Request): string[] =>
  named(caller, cluster, attributes.map(targetId), 'container-instance')

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
