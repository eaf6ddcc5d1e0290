/** Amazon ECS: all that it can be asked, and all that it does on its own. */
import type { Operations } from '#contract/ecs.ts'
import { type Handlers, notBuilt, type Room } from '#room/room.ts'

import { CreateCluster } from './operations/CreateCluster.ts'
import { DeleteAccountSetting } from './operations/DeleteAccountSetting.ts'
import { DeleteAttributes } from './operations/DeleteAttributes.ts'
import { DeleteCluster } from './operations/DeleteCluster.ts'
import { DeleteTaskDefinitions } from './operations/DeleteTaskDefinitions.ts'
import { DeregisterContainerInstance } from './operations/DeregisterContainerInstance.ts'
import { DeregisterTaskDefinition } from './operations/DeregisterTaskDefinition.ts'
import { DescribeClusters } from './operations/DescribeClusters.ts'
import { DescribeContainerInstances } from './operations/DescribeContainerInstances.ts'
import { DescribeTaskDefinition } from './operations/DescribeTaskDefinition.ts'
import { DescribeTasks } from './operations/DescribeTasks.ts'
import { DiscoverPollEndpoint } from './operations/DiscoverPollEndpoint.ts'
import { ListAccountSettings } from './operations/ListAccountSettings.ts'
import { ListAttributes } from './operations/ListAttributes.ts'
import { ListClusters } from './operations/ListClusters.ts'
import { ListContainerInstances } from './operations/ListContainerInstances.ts'
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
import { startEcs } from './start.ts'

const operations = {
  CreateCluster,
  DeleteAccountSetting,
  DeleteAttributes,
  DeleteCluster,
  DeleteTaskDefinitions,
  DeregisterContainerInstance,
  DeregisterTaskDefinition,
  DescribeClusters,
  DescribeContainerInstances,
  DescribeTaskDefinition,
  DescribeTasks,
  DiscoverPollEndpoint,
  ListAccountSettings,
  ListAttributes,
  ListClusters,
  ListContainerInstances,
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

  // Services, deployments, capacity providers, exec, daemons and gateways come with later releases.
  AssociateGatewayWithCluster: notBuilt,
  ContinueServiceDeployment: notBuilt,
  CreateCapacityProvider: notBuilt,
  CreateDaemon: notBuilt,
  CreateExpressGatewayService: notBuilt,
  CreateGateway: notBuilt,
  CreateService: notBuilt,
  CreateTaskSet: notBuilt,
  DeleteCapacityProvider: notBuilt,
  DeleteDaemon: notBuilt,
  DeleteDaemonTaskDefinition: notBuilt,
  DeleteExpressGatewayService: notBuilt,
  DeleteGateway: notBuilt,
  DeleteService: notBuilt,
  DeleteTaskSet: notBuilt,
  DescribeCapacityProviders: notBuilt,
  DescribeDaemon: notBuilt,
  DescribeDaemonDeployments: notBuilt,
  DescribeDaemonRevisions: notBuilt,
  DescribeDaemonTaskDefinition: notBuilt,
  DescribeExpressGatewayService: notBuilt,
  DescribeGateway: notBuilt,
  DescribeGatewayResources: notBuilt,
  DescribeGatewayRoute: notBuilt,
  DescribeServiceDeployments: notBuilt,
  DescribeServiceRevisions: notBuilt,
  DescribeServices: notBuilt,
  DescribeTaskSets: notBuilt,
  DisassociateGatewayFromCluster: notBuilt,
  ExecuteCommand: notBuilt,
  GetTaskProtection: notBuilt,
  ListDaemonDeployments: notBuilt,
  ListDaemonTaskDefinitions: notBuilt,
  ListDaemons: notBuilt,
  ListGatewayClusterAssociations: notBuilt,
  ListGatewayRoutes: notBuilt,
  ListGateways: notBuilt,
  ListServiceDeployments: notBuilt,
  ListServices: notBuilt,
  ListServicesByNamespace: notBuilt,
  PutClusterCapacityProviders: notBuilt,
  RegisterDaemonTaskDefinition: notBuilt,
  StopServiceDeployment: notBuilt,
  UpdateCapacityProvider: notBuilt,
  UpdateDaemon: notBuilt,
  UpdateExpressGatewayService: notBuilt,
  UpdateGateway: notBuilt,
  UpdateService: notBuilt,
  UpdateServicePrimaryTaskSet: notBuilt,
  UpdateTaskProtection: notBuilt,
  UpdateTaskSet: notBuilt,
} satisfies Handlers<Operations>

export const ecs: Room = { service: 'ecs', operations, start: startEcs }
