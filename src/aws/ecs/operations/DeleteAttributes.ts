import type { Attribute, DeleteAttributesRequest, DeleteAttributesResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/room.ts'

import { inCluster } from '../access.ts'
import { ATTRIBUTES_PER_CALL_MAX, checkAttribute } from '../instances/attributes.ts'
import { changeInstance } from '../instances/change.ts'
import { targets, theTarget } from '../instances/targets.ts'
import { activeCluster, containerInstanceArn, invalidParameter } from '../names.ts'

/** Answers with the attributes that were there and are gone. */
export const DeleteAttributes: Operation<DeleteAttributesRequest, DeleteAttributesResponse> = {
  action: 'ecs:DeleteAttributes',
  access: (_tx, input, { caller }) => ({
    resources: targets(caller, input),
    conditions: inCluster(caller, input.cluster),
  }),
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    if (input.attributes.length === 0 || input.attributes.length > ATTRIBUTES_PER_CALL_MAX)
      throw invalidParameter(`A request takes 1 to ${ATTRIBUTES_PER_CALL_MAX} attributes.`)
    const gone: Attribute[] = []
    for (const attribute of input.attributes) {
      checkAttribute(attribute)
      const instance = theTarget(tx, caller, cluster, attribute)
      const found = instance.attributes.find(
        ({ name, value }) =>
          name === attribute.name && (attribute.value === undefined || value === attribute.value),
      )
      if (!found) continue
      const attributes = instance.attributes.filter((one) => one !== found)
      changeInstance(tx, instance, { attributes }, { now, id: ids.uuid() })
      gone.push({
        ...found,
        targetType: 'container-instance',
        targetId: containerInstanceArn(instance),
      })
    }
    return { attributes: gone }
  },
}
