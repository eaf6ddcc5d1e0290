import type { UpdateClusterRequest, UpdateClusterResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { theCluster } from '../access.ts'
import { activeCluster, clusterKey, invalidParameter } from '../names/names.ts'
import { clusters } from '../records/records.ts'
import { unbuilt } from '../unbuilt.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'
import { checkConfiguration, checkSettings } from './CreateCluster.ts'

export const UpdateCluster: Operation<UpdateClusterRequest, UpdateClusterResponse> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    if (input.serviceConnectDefaults?.namespace)
      throw invalidParameter(
        `Service Connect is not available in this release of Berth: ${unbuilt('serviceConnectDefaults')}.`,
      )
    checkConfiguration(input.configuration)
    const settings = checkSettings(input.settings) ?? cluster.settings
    const after = tx.patch(clusters, clusterKey(caller, cluster.clusterName), { settings })
    return { cluster: toCluster(tx, after, EVERYTHING) }
  },
}
