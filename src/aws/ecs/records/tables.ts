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
import {
  deployments,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  services,
  taskSets,
} from './services.ts'

export const tables = {
  accountSettings,
  agentSequences,
  clientTokens,
  clusterCounts,
  clusters,
  containerInstances,
  deployments,
  families,
  hostKeys,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  services,
  taskDefinitions,
  tasks,
  taskSets,
}
