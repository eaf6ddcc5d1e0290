/** Amazon ECS: all that it can be asked, and all that it does on its own. */
import type { Operations } from '#contract/ecs.ts'
import { type Handlers, type Listed, notBuilt, onInput } from '#room/operation.ts'
import type { Room } from '#room/room.ts'

import { containerInstanceTopic } from './agents/topics.ts'
import { burial } from './burial.ts'
import { given } from './meant.ts'
import { ContinueServiceDeployment } from './operations/ContinueServiceDeployment.ts'
import { CreateCluster } from './operations/CreateCluster.ts'
import { CreateService } from './operations/CreateService.ts'
import { CreateTaskSet } from './operations/CreateTaskSet.ts'
import { DeleteAccountSetting } from './operations/DeleteAccountSetting.ts'
import { DeleteAttributes } from './operations/DeleteAttributes.ts'
import { DeleteCluster } from './operations/DeleteCluster.ts'
import { DeleteService } from './operations/DeleteService.ts'
import { DeleteTaskDefinitions } from './operations/DeleteTaskDefinitions.ts'
import { DeleteTaskSet } from './operations/DeleteTaskSet.ts'
import { DeregisterContainerInstance } from './operations/DeregisterContainerInstance.ts'
import { DeregisterTaskDefinition } from './operations/DeregisterTaskDefinition.ts'
import { DescribeClusters } from './operations/DescribeClusters.ts'
import { DescribeContainerInstances } from './operations/DescribeContainerInstances.ts'
import { DescribeServiceDeployments } from './operations/DescribeServiceDeployments.ts'
import { DescribeServiceRevisions } from './operations/DescribeServiceRevisions.ts'
import { DescribeServices } from './operations/DescribeServices.ts'
import { DescribeTaskDefinition } from './operations/DescribeTaskDefinition.ts'
import { DescribeTasks } from './operations/DescribeTasks.ts'
import { DescribeTaskSets } from './operations/DescribeTaskSets.ts'
import { DiscoverPollEndpoint } from './operations/DiscoverPollEndpoint.ts'
import { GetTaskProtection } from './operations/GetTaskProtection.ts'
import { ListAccountSettings } from './operations/ListAccountSettings.ts'
import { ListAttributes } from './operations/ListAttributes.ts'
import { ListClusters } from './operations/ListClusters.ts'
import { ListContainerInstances } from './operations/ListContainerInstances.ts'
import { ListServiceDeployments } from './operations/ListServiceDeployments.ts'
import { ListServices } from './operations/ListServices.ts'
import { ListServicesByNamespace } from './operations/ListServicesByNamespace.ts'
import { ListTagsForResource } from './operations/ListTagsForResource.ts'
import { ListTaskDefinitionFamilies } from './operations/ListTaskDefinitionFamilies.ts'
import { ListTaskDefinitions } from './operations/ListTaskDefinitions.ts'
import { ListTasks } from './operations/ListTasks.ts'
import { PutAccountSetting } from './operations/PutAccountSetting.ts'
import { PutAccountSettingDefault } from './operations/PutAccountSettingDefault.ts'
import { PutAttributes } from './operations/PutAttributes.ts'
import { RegisterContainerInstance } from './operations/RegisterContainerInstance.ts'
import { RegisterTaskDefinition } from './operations/RegisterTaskDefinition.ts'
import { RunTask } from './operations/RunTask.ts'
import { StartTask } from './operations/StartTask.ts'
import { StopServiceDeployment } from './operations/StopServiceDeployment.ts'
import { StopTask } from './operations/StopTask.ts'
import { SubmitAttachmentStateChanges } from './operations/SubmitAttachmentStateChanges.ts'
import { SubmitContainerStateChange } from './operations/SubmitContainerStateChange.ts'
import { SubmitTaskStateChange } from './operations/SubmitTaskStateChange.ts'
import { TagResource } from './operations/TagResource.ts'
import { UntagResource } from './operations/UntagResource.ts'
import { UpdateCluster } from './operations/UpdateCluster.ts'
import { UpdateClusterSettings } from './operations/UpdateClusterSettings.ts'
import { UpdateContainerAgent } from './operations/UpdateContainerAgent.ts'
import { UpdateContainerInstancesState } from './operations/UpdateContainerInstancesState.ts'
import { UpdateService } from './operations/UpdateService.ts'
import { UpdateServicePrimaryTaskSet } from './operations/UpdateServicePrimaryTaskSet.ts'
import { UpdateTaskProtection } from './operations/UpdateTaskProtection.ts'
import { UpdateTaskSet } from './operations/UpdateTaskSet.ts'
import { rateOf } from './rates.ts'
import { tables } from './records/tables.ts'
import { type EcsOptions, startEcs } from './start.ts'
import { UNBUILT, UNBUILT_CAPABILITIES } from './unbuilt.ts'

const operations = {
  ContinueServiceDeployment,
  CreateCluster,
  CreateService,
  CreateTaskSet,
  DeleteAccountSetting,
  DeleteAttributes,
  DeleteCluster,
  DeleteService,
  DeleteTaskDefinitions,
  DeleteTaskSet,
  DeregisterContainerInstance,
  DeregisterTaskDefinition,
  DescribeClusters,
  DescribeContainerInstances,
  DescribeServiceDeployments,
  DescribeServiceRevisions,
  DescribeServices,
  DescribeTaskDefinition,
  DescribeTaskSets,
  DescribeTasks,
  DiscoverPollEndpoint,
  GetTaskProtection,
  ListAccountSettings,
  ListAttributes,
  ListClusters,
  ListContainerInstances,
  ListServiceDeployments,
  ListServices,
  ListServicesByNamespace,
  ListTagsForResource,
  ListTaskDefinitionFamilies,
  ListTaskDefinitions,
  ListTasks,
  PutAccountSetting,
  PutAccountSettingDefault,
  PutAttributes,
  RegisterContainerInstance,
  RegisterTaskDefinition,
  RunTask,
  StartTask,
  StopServiceDeployment,
  StopTask,
  SubmitAttachmentStateChanges,
  SubmitContainerStateChange,
  SubmitTaskStateChange,
  TagResource,
  UntagResource,
  UpdateCluster,
  UpdateClusterSettings,
  UpdateContainerAgent,
  UpdateContainerInstancesState,
  UpdateService,
  UpdateServicePrimaryTaskSet,
  UpdateTaskProtection,
  UpdateTaskSet,

  // Capacity providers, exec, daemons and gateways come with later releases.
  AssociateGatewayWithCluster: notBuilt,
  CreateCapacityProvider: notBuilt,
  CreateDaemon: notBuilt,
  CreateExpressGatewayService: notBuilt,
  CreateGateway: notBuilt,
  DeleteCapacityProvider: notBuilt,
  DeleteDaemon: notBuilt,
  DeleteDaemonTaskDefinition: notBuilt,
  DeleteExpressGatewayService: notBuilt,
  DeleteGateway: notBuilt,
  DescribeCapacityProviders: notBuilt,
  DescribeDaemon: notBuilt,
  DescribeDaemonDeployments: notBuilt,
  DescribeDaemonRevisions: notBuilt,
  DescribeDaemonTaskDefinition: notBuilt,
  DescribeExpressGatewayService: notBuilt,
  DescribeGateway: notBuilt,
  DescribeGatewayResources: notBuilt,
  DescribeGatewayRoute: notBuilt,
  DisassociateGatewayFromCluster: notBuilt,
  ExecuteCommand: notBuilt,
  ListDaemonDeployments: notBuilt,
  ListDaemonTaskDefinitions: notBuilt,
  ListDaemons: notBuilt,
  ListGatewayClusterAssociations: notBuilt,
  ListGatewayRoutes: notBuilt,
  ListGateways: notBuilt,
  PutClusterCapacityProviders: notBuilt,
  RegisterDaemonTaskDefinition: notBuilt,
  UpdateCapacityProvider: notBuilt,
  UpdateDaemon: notBuilt,
  UpdateExpressGatewayService: notBuilt,
  UpdateGateway: notBuilt,
} satisfies Handlers<Operations>

/** What clients write as empty texts is left out before an operation looks at its input. */
const asGiven = onInput(operations, given)

export const ecs = (options: EcsOptions = {}): Room => ({
  service: 'ecs',
  operations: Object.fromEntries(
    Object.entries(asGiven).map(([name, operation]) => [
      name,
      operation === notBuilt ? notBuilt : { ...operation, rate: rateOf(name) },
    ]),
  ) as Listed,
  topics: [containerInstanceTopic],
  records: tables,
  burial,
  unbuilt: {
    ...UNBUILT,
    ...Object.fromEntries(UNBUILT_CAPABILITIES.map(([, member, waitsFor]) => [member, waitsFor])),
  },
  begins: [{ operation: 'CreateCluster', input: { clusterName: 'default' } }],
  start: (tools) => startEcs(tools, options),
})
