import type { Attribute, PutAttributesRequest, PutAttributesResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/operation.ts'
import { isBuiltIn } from '#wire/attributes.ts'

import { checkAttribute, CUSTOM_ATTRIBUTES_MAX } from '../instances/attributes.ts'
import { changeInstance } from '../instances/change.ts'
import { checkCount, theTarget, theTargets } from '../instances/targets.ts'
import { activeCluster, containerInstanceArn } from '../names/names.ts'

export const PutAttributes: Operation<PutAttributesRequest, PutAttributesResponse> = {
  access: theTargets,
  run(tx, input, { caller, now, ids }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    checkCount(input)
    const put: Attribute[] = []
    for (const attribute of input.attributes) {
      checkAttribute(attribute)
      const instance = theTarget(tx, caller, cluster, attribute)
      const { name, value } = attribute
      const kept = instance.attributes.filter((one) => one.name !== name)
      const after = [...kept, value === undefined ? { name } : { name, value }]
      if (after.filter((one) => !isBuiltIn(one.name)).length > CUSTOM_ATTRIBUTES_MAX)
        throw new Fault(
          'AttributeLimitExceededException',
          `A container instance can have at most ${CUSTOM_ATTRIBUTES_MAX} custom attributes.`,
        )
      changeInstance(tx, instance, { attributes: after }, { now, id: ids.uuid() })
      put.push({
        name,
        value,
        targetType: 'container-instance',
        targetId: containerInstanceArn(instance),
      })
    }
    return { attributes: put }
  },
}
