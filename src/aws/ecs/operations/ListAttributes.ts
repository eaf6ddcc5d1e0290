import type { Attribute, ListAttributesRequest, ListAttributesResponse } from '#contract/ecs.ts'
import { page } from '#kernel/page.ts'
import type { Operation } from '#room/operation.ts'

import { theCluster } from '../access.ts'
import { PAGE_LIMIT } from '../limits.ts'
import {
  activeCluster,
  clusterKey,
  containerInstanceArn,
  invalidParameter,
} from '../names/names.ts'
import { containerInstances } from '../records/records.ts'

export const ListAttributes: Operation<ListAttributesRequest, ListAttributesResponse> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const { targetType, attributeName, attributeValue, nextToken, maxResults } = input
    if (targetType !== 'container-instance')
      throw invalidParameter(`Invalid target type: ${String(targetType)}`)
    if (attributeValue !== undefined && attributeName === undefined)
      throw invalidParameter('attributeName must be specified when attributeValue is.')
    const prefix = `${clusterKey(cluster, cluster.clusterName)}/`
    const question = [prefix, 'attributes', attributeName, attributeValue].join(' ')
    const ask = { nextToken, maxResults, limit: PAGE_LIMIT, question }
    const { items, nextToken: next } = page(ask, function* (after) {
      // A place is the instance's key and the attribute's name: an instance may span pages.
      const [from, name = ''] = after?.split('\u0001') ?? []
      for (const { key, row } of tx.scan(containerInstances, { prefix })) {
        if (row.status === 'INACTIVE' || (from !== undefined && key < from)) continue
        const sorted = row.attributes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
        for (const attribute of sorted) {
          if (key === from && attribute.name <= name) continue
          if (attributeName !== undefined && attribute.name !== attributeName) continue
          if (attributeValue !== undefined && attribute.value !== attributeValue) continue
          yield {
            at: `${key}\u0001${attribute.name}`,
            shown: shown(attribute, containerInstanceArn(row)),
          }
        }
      }
    })
    return { attributes: items.map((item) => item.shown), nextToken: next }
  },
}

const shown = ({ name, value }: Attribute, arn: string): Attribute => ({
  name,
  value,
  targetType: 'container-instance',
  targetId: arn,
})
