import type { Attribute, DeleteAttributesRequest, DeleteAttributesResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { checkAttribute } from '../instances/attributes.ts'
import { changeInstance } from '../instances/change.ts'
import { checkCount, theTarget, theTargets } from '../instances/targets.ts'
import { activeCluster, containerInstanceArn } from '../names/names.ts'

/** Answers with the attributes that were there and are gone. */
export const DeleteAttributes: Operation<DeleteAttributesRequest, DeleteAttributesResponse> = {
  access: theTargets,
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    checkCount(input)
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
