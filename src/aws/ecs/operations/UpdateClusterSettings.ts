import type { UpdateClusterSettingsRequest, UpdateClusterSettingsResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { theCluster } from '../access.ts'
import { activeCluster, clusterKey } from '../names/names.ts'
import { clusters } from '../records/records.ts'
import { EVERYTHING, toCluster } from '../views/cluster.ts'
import { checkSettings } from './CreateCluster.ts'

export const UpdateClusterSettings: Operation<
  UpdateClusterSettingsRequest,
  UpdateClusterSettingsResponse
> = {
  access: theCluster,
  run(tx, input, { caller }) {
    const cluster = activeCluster(tx, caller, input.cluster)
    const settings = checkSettings(input.settings) ?? cluster.settings
    const after = tx.patch(clusters, clusterKey(caller, cluster.clusterName), { settings })
    return { cluster: toCluster(tx, after, EVERYTHING) }
  },
}
