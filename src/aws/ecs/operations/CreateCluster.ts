import type { ClusterSetting, CreateClusterRequest, CreateClusterResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { tagging } from '../access.ts'
import { isSaid } from '../meant.ts'
import { clusterArn, clusterKey, DEFAULT_CLUSTER, invalidParameter } from '../names/names.ts'
import { type Cluster, clusters } from '../records/records.ts'
import { effectiveSetting } from '../settings.ts'
import { keptTags, validateTags } from '../tags.ts'
import { unbuilt } from '../unbuilt.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'

const NAME = /^[A-Za-z0-9_-]{1,255}$/

/** Creating a cluster that is there gives it back as it is, as ECS does. */
export const CreateCluster: Operation<CreateClusterRequest, CreateClusterResponse> = {
  access(_tx, { clusterName = DEFAULT_CLUSTER, tags }, { caller }) {
    const resource = clusterArn(caller, clusterName)
    return [{ resources: [resource] }, ...tagging(tags, 'CreateCluster', resource)]
  },
  run(tx, input, { caller }) {
    const { clusterName = DEFAULT_CLUSTER } = input
    if (!NAME.test(clusterName))
      throw invalidParameter(
        'Invalid cluster name. Cluster names can contain up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens.',
      )
    validateTags(input.tags)
    if (input.capacityProviders?.length || input.defaultCapacityProviderStrategy?.length)
      throw invalidParameter(
        `Capacity providers are not available in this release of Berth: ${unbuilt('capacityProviders')}.`,
      )
    if (input.serviceConnectDefaults?.namespace)
      throw invalidParameter(
        `Service Connect is not available in this release of Berth: ${unbuilt('serviceConnectDefaults')}.`,
      )
    checkConfiguration(input.configuration)
    const key = clusterKey(caller, clusterName)
    const before = tx.get(clusters, key)
    if (before?.status === 'ACTIVE') return { cluster: toCluster(tx, before, EVERYTHING) }
    const cluster: Cluster = {
      tenant: caller.tenant,
      accountId: caller.accountId,
      region: caller.region,
      clusterName,
      status: 'ACTIVE',
      settings: checkSettings(input.settings) ?? [
        { name: 'containerInsights', value: effectiveSetting(tx, caller, 'containerInsights') },
      ],
      ...(input.configuration && { configuration: input.configuration }),
      tags: keptTags(input.tags),
    }
    tx.put(clusters, key, cluster)
    return { cluster: toCluster(tx, cluster, EVERYTHING) }
  },
}

const INSIGHTS = ['enhanced', 'enabled', 'disabled']

/**
 * Metrics come with a later release: until then only `disabled` acts, and the others are refused by name, so that
 * nobody waits for figures that nothing collects.
 */
export function checkSettings(
  settings: readonly ClusterSetting[] | undefined,
): readonly ClusterSetting[] | undefined {
  if (!settings?.length) return undefined
  for (const { name, value } of settings) {
    if (name !== 'containerInsights')
      throw invalidParameter(`Invalid setting name: ${String(name)}.`)
    if (!INSIGHTS.includes(value ?? '')) throw invalidParameter(`Invalid setting value: ${value}.`)
    if (value !== 'disabled')
      throw invalidParameter(
        `Container Insights is not available in this release of Berth: ${unbuilt(`containerInsights=${value as 'enabled'}`)}.`,
      )
  }
  return settings
}

/** ECS Exec and managed storage come with later releases. */
export function checkConfiguration(configuration: CreateClusterRequest['configuration']): void {
  for (const [name, value] of Object.entries(configuration ?? {}))
    if (isSaid(value))
      throw invalidParameter(
        `This setting is not available in this release of Berth: ${unbuilt(`configuration.${name as 'executeCommandConfiguration'}`)}.`,
      )
}
