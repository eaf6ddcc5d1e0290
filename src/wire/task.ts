import { CONTAINERS_MAX } from './limits.ts'
import {
  anything,
  flag,
  integer,
  list,
  map,
  name,
  number,
  object,
  oneOf,
  text,
  type Read,
  type Reader,
} from './read.ts'

/** What a task is to be. A stop needs no more than `arn` and `desiredStatus`. */
export type AcsTask = Read<typeof readTask>
export type AcsContainer = Read<typeof readContainer>
export type AcsVolume = Read<typeof readVolume>
export type AcsPortMapping = Read<typeof readPortMapping>
export type AcsDependency = Read<typeof readDependency>
export type AcsRoleCredentials = Read<typeof readRoleCredentials>
export type AcsNetworkInterface = Read<typeof readNetworkInterface>

export const readRoleCredentials = object(
  { credentialsId: name },
  {
    roleArn: text,
    accessKeyId: text,
    secretAccessKey: text,
    sessionToken: text,
    /** An ISO 8601 instant. */
    expiration: text,
    credentialScope: text,
  },
)

const readPortMapping = object(
  {},
  {
    containerPort: integer,
    hostPort: integer,
    /** `first-last`, instead of `containerPort`. */
    containerPortRange: text,
    protocol: oneOf('tcp', 'udp'),
    name: text,
  },
)

const readDependency = object({
  containerName: name,
  condition: oneOf('START', 'COMPLETE', 'SUCCESS', 'HEALTHY'),
})

/** `config` and `hostConfig` are JSON texts, laid over the Engine's Config and HostConfig. */
const readDockerConfig = object({}, { config: text, hostConfig: text, version: text })

const readContainer = object(
  { name, image: name },
  {
    containerArn: text,
    cpu: integer,
    memory: integer,
    essential: flag,
    entryPoint: list(text),
    command: list(text),
    environment: map(text),
    environmentFiles: list(object({ value: text, type: text })),
    links: list(text),
    portMappings: list(readPortMapping),
    mountPoints: list(object({}, { sourceVolume: text, containerPath: text, readOnly: flag })),
    volumesFrom: list(object({ sourceContainer: name }, { readOnly: flag })),
    dependsOn: list(readDependency),
    /** Seconds, both. */
    startTimeout: integer,
    stopTimeout: integer,
    restartPolicy: object(
      { enabled: flag },
      { ignoredExitCodes: list(integer), restartAttemptPeriod: integer },
    ),
    /** `docker` where `dockerConfig.config` has a Healthcheck. */
    healthCheckType: text,
    secrets: list(
      object(
        { name, valueFrom: name },
        { region: text, provider: text, type: text, target: text, containerPath: text },
      ),
    ),
    registryAuthentication: object(
      { type: text },
      { ecrAuthData: anything, asmAuthData: anything },
    ),
    logsAuthStrategy: text,
    firelensConfiguration: object({ type: text }, { options: map(text) }),
    managedAgents: list(object({ name }, { properties: map(text) })),
    /** A JSON text with at most the member `command`: Amazon's agent stops the task for any other. */
    overrides: text,
    dockerConfig: readDockerConfig,
  },
)

const readVolume = object(
  { name },
  {
    type: oneOf('host', 'docker', 'efs', 'fsxWindowsFileServer', 'ebs', 's3files'),
    /** Without a path: a fresh volume for this task. */
    host: object({}, { sourcePath: text }),
    dockerVolumeConfiguration: object(
      {},
      {
        scope: oneOf('task', 'shared'),
        autoprovision: flag,
        driver: text,
        driverOpts: map(text),
        labels: map(text),
      },
    ),
    efsVolumeConfiguration: anything,
  },
)

const readNetworkInterface = object(
  { macAddress: name },
  {
    attachmentArn: text,
    ec2Id: text,
    name: text,
    index: integer,
    ipv4Addresses: list(object({ privateAddress: name }, { primary: flag })),
    ipv6Addresses: list(object({ address: name }, { primary: flag })),
    /** With its prefix length: `10.77.0.1/24`. */
    subnetGatewayIpv4Address: text,
    subnetGatewayIpv6Address: text,
    domainName: list(text),
    domainNameServers: list(text),
    privateDnsName: text,
    interfaceAssociationProtocol: text,
  },
)

export const readTask = object(
  { arn: name, desiredStatus: oneOf('RUNNING', 'STOPPED') },
  {
    taskClusterArn: text,
    family: text,
    version: text,
    overrides: text,
    taskDefinitionAccountId: text,
    launchType: text,
    /** Empty counts as `bridge`. */
    networkMode: oneOf('', 'bridge', 'host', 'none', 'awsvpc', 'default'),
    serviceName: text,
    group: text,
    /** vCPUs, with a fraction. */
    cpu: number,
    /** MiB. */
    memory: integer,
    pidMode: text,
    ipcMode: text,
    volumes: list(readVolume),
    containers: list(readContainer, CONTAINERS_MAX),
    roleCredentials: readRoleCredentials,
    executionRoleCredentials: readRoleCredentials,
    elasticNetworkInterfaces: list(readNetworkInterface),
    associations: list(anything),
    attachments: list(anything),
    proxyConfiguration: anything,
    enableFaultInjection: flag,
  },
) satisfies Reader<{ readonly arn: string }>
