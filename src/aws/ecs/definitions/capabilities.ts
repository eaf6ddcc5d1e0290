/** Which agent capabilities a task definition needs: an agent that did not register one is not given its tasks. */
import type { Attribute, ContainerDefinition, Secret } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'

import { meant } from '../meant.ts'
import type { Definition } from '../records/records.ts'
import { validate } from './validate.ts'

const CAPABILITY = 'com.amazonaws.ecs.capability.'
const ECS_CAPABILITY = 'ecs.capability.'
const ECR_IMAGE = /^\d{12}\.dkr\.ecr\./

/** In alphabetical order, each once, as they are read back. */
export function requiresAttributes(written: Definition): Attribute[] {
  const definition = meant(written)
  const needs = new Set<string>()
  const api = (minor: number) => needs.add(`${CAPABILITY}docker-remote-api.1.${minor}`)
  const old = (name: string) => needs.add(CAPABILITY + name)
  const need = (name: string) => needs.add(ECS_CAPABILITY + name)
  ofTask(definition, { api, old, need })
  for (const container of definition.containerDefinitions)
    ofContainer(container, definition, { api, old, need })
  return [...needs].sort().map((name) => ({ name }))
}

type Say = {
  readonly api: (minor: number) => void
  readonly old: (name: string) => void
  readonly need: (name: string) => void
}

function ofTask(definition: Definition, { api, old, need }: Say): void {
  const { networkMode, taskRoleArn } = definition
  if (taskRoleArn) {
    api(17)
    old(networkMode === 'host' ? 'task-iam-role-network-host' : 'task-iam-role')
  }
  if (networkMode === 'awsvpc') {
    api(18)
    need('task-eni')
  } else if (definition.cpu !== undefined || definition.memory !== undefined)
    // Of a task with a network of its own AWS does not ask it.
    need('task-cpu-mem-limit')
  if (definition.pidMode || definition.ipcMode) need('pid-ipc-namespace-sharing')
  if (definition.proxyConfiguration) need('aws-appmesh')
  if (definition.enableFaultInjection) need('fault-injection')
  if (definition.inferenceAccelerators?.length) need('task-eia')
  for (const volume of definition.volumes ?? []) {
    if (volume.dockerVolumeConfiguration)
      need(`docker-plugin.${volume.dockerVolumeConfiguration.driver}`)
    if (volume.efsVolumeConfiguration) need('efs')
    if (volume.efsVolumeConfiguration?.authorizationConfig) need('efsAuth')
    if (volume.s3filesVolumeConfiguration) need('storage.s3-files')
    if (volume.fsxWindowsFileServerVolumeConfiguration) need('fsxWindowsFileServer')
    if (volume.configuredAtLaunch) need('storage.ebs-task-volume-attach')
  }
}

function ofContainer(container: ContainerDefinition, task: Definition, say: Say): void {
  const { api, old, need } = say
  if (container.privileged) old('privileged-container')
  if (container.memoryReservation) api(21)
  if (container.linuxParameters?.initProcessEnabled) api(25)
  if (container.linuxParameters?.tmpfs?.length || container.healthCheck) api(24)
  for (const option of container.dockerSecurityOptions ?? []) {
    if (option.startsWith('apparmor')) old('apparmor')
    if (option.startsWith('label')) old('selinux')
  }
  if (container.healthCheck) need('container-health-check')
  if (container.dependsOn?.length || container.startTimeout || container.stopTimeout)
    need('container-ordering')
  if (container.restartPolicy?.enabled) need('container-restart-policy')
  if (container.portMappings?.some((mapping) => mapping.containerPortRange))
    need('network.container-port-range')
  if (container.environmentFiles?.length) need('env-files.s3')
  if (container.repositoryCredentials) need('private-registry-authentication.secretsmanager')
  if (container.credentialSpecs?.length) need('gmsa')
  for (const { type, sharingStrategy } of container.resourceRequirements ?? []) {
    if (type === 'NeuronDevice') need('neuron-device')
    if (sharingStrategy) need('gpu-sharing')
  }
  if (container.firelensConfiguration) need(`firelens.${container.firelensConfiguration.type}`)
  if (ECR_IMAGE.test(container.image ?? '')) {
    old('ecr-auth')
    if (task.executionRoleArn) need('execution-role-ecr-pull')
  }
  for (const secret of container.secrets ?? [])
    need(`secrets.${storeOf(secret)}.environment-variables`)
  logging(container, task, say)
}

const storeOf = ({ valueFrom }: Secret): 'asm' | 'ssm' =>
  valueFrom.startsWith('arn:') && valueFrom.split(':')[2] === 'secretsmanager' ? 'asm' : 'ssm'

function logging(
  { logConfiguration }: ContainerDefinition,
  task: Definition,
  { api, old, need }: Say,
): void {
  if (!logConfiguration) return
  api(logConfiguration.logDriver === 'awslogs' ? 19 : 18)
  old(`logging-driver.${logConfiguration.logDriver}`)
  if (logConfiguration.logDriver === 'awslogs' && task.executionRoleArn)
    need('execution-role-awslogs')
  for (const secret of logConfiguration.secretOptions ?? [])
    need(`secrets.${storeOf(secret)}.bootstrap.log-driver`)
}

/** The launch types that the definition could run on, whether it asks for them or not. */
export function compatibilities(definition: Definition): string[] {
  const external = definition.networkMode !== 'awsvpc'
  return [
    ...(external ? ['EXTERNAL'] : []),
    'EC2',
    ...(suitsFargate(definition) ? ['FARGATE'] : []),
  ]
}

/** Whether it would be taken if it asked for Fargate. */
function suitsFargate(definition: Definition): boolean {
  if (definition.networkMode !== 'awsvpc') return false
  try {
    validate(meant({ ...definition, requiresCompatibilities: ['FARGATE'] }))
    return true
  } catch (error) {
    if (error instanceof Fault) return false
    throw error
  }
}
