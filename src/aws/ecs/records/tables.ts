/** All that ECS keeps as records, as its door shows it. */
import {
  accountSettings,
  agentSequences,
  clientTokens,
  clusterCounts,
  clusters,
  containerInstances,
  families,
  hostKeys,
  taskDefinitions,
  tasks,
} from './records.ts'
import { serviceTables } from './services.ts'

export const tables = {
  ...serviceTables,
  accountSettings,
  agentSequences,
  clientTokens: clientTokens.table,
  clusterCounts,
  clusters,
  containerInstances,
  families,
  hostKeys,
  taskDefinitions,
  tasks,
}
