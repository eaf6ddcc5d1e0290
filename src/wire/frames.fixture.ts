/** Frames as the public agent and its backend exchange them; what the tests of both halves start from. */
const CLUSTER = 'arn:aws:ecs:us-east-1:123456789012:cluster/default'
const CONTAINER_INSTANCE =
  'arn:aws:ecs:us-east-1:123456789012:container-instance/default/0123456789abcdef0123456789abcdef'
const TASK = 'arn:aws:ecs:us-east-1:123456789012:task/default/11111111111111111111111111111111'
const addressed = { clusterArn: CLUSTER, containerInstanceArn: CONTAINER_INSTANCE }

export const ACS_DOWN_FRAMES = {
  heartbeat: { type: 'HeartbeatMessage', message: { healthy: true, messageId: 'h-1' } },
  payload: {
    type: 'PayloadMessage',
    message: {
      ...addressed,
      messageId: 'p-1',
      generatedAt: 1_795_229_261_376,
      seqNum: 7,
      tasks: [
        {
          arn: TASK,
          taskClusterArn: CLUSTER,
          family: 'hello',
          version: '1',
          desiredStatus: 'RUNNING',
          overrides: '{}',
          launchType: 'EC2',
          networkMode: 'bridge',
          cpu: 0.5,
          memory: 256,
          volumes: [
            {
              name: 'data',
              type: 'docker',
              dockerVolumeConfiguration: {
                scope: 'task',
                driver: 'local',
                driverOpts: {},
                labels: {},
              },
            },
          ],
          containers: [
            {
              name: 'web',
              image: 'registry.test/team/web:1',
              cpu: 128,
              memory: 64,
              essential: true,
              entryPoint: ['/bin/sh', '-c'],
              command: ['sleep 600'],
              environment: { GREETING: 'hello', AWS_EXECUTION_ENV: 'AWS_ECS_EC2' },
              overrides: '{}',
              portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }],
              mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: false }],
              volumesFrom: [],
              stopTimeout: 10,
              dockerConfig: {
                version: '1.24',
                config:
                  '{"Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":3}}',
                hostConfig: '{"NetworkMode":"bridge","CapAdd":[],"CapDrop":[]}',
              },
              healthCheckType: 'docker',
            },
          ],
        },
      ],
    },
  },
  stop: {
    type: 'PayloadMessage',
    message: {
      ...addressed,
      messageId: 'p-2',
      seqNum: 8,
      tasks: [{ arn: TASK, desiredStatus: 'STOPPED' }],
    },
  },
  manifest: {
    type: 'TaskManifestMessage',
    message: {
      ...addressed,
      messageId: 'm-1',
      generatedAt: 1,
      timeline: 9,
      tasks: [{ taskArn: TASK, taskClusterArn: CLUSTER, desiredStatus: 'RUNNING' }],
    },
  },
  verified: {
    type: 'TaskStopVerificationAck',
    message: {
      messageId: 'm-1',
      generatedAt: 1,
      stopTasks: [{ taskArn: TASK, taskClusterArn: CLUSTER, desiredStatus: 'STOPPED' }],
    },
  },
  credentials: {
    type: 'IAMRoleCredentialsMessage',
    message: {
      messageId: 'c-1',
      taskArn: TASK,
      taskClusterArn: CLUSTER,
      roleType: 'TaskApplication',
      roleCredentials: {
        credentialsId: 'id-1',
        roleArn: 'arn:aws:iam::123456789012:role/app',
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: '2030-01-01T00:00:00Z',
      },
    },
  },
  welcome: { type: 'BerthWelcome', message: {} },
  stateChangesAck: {
    type: 'BerthStateChangesAck',
    message: {
      messageId: 'b-1',
      results: [{}, { code: 'InvalidParameterException', message: 'no' }],
    },
  },
  topic: {
    type: 'BerthTopic',
    message: { name: 'container-instance', revision: 'a.b', content: { tags: [] } },
  },
  topicEntries: {
    type: 'BerthTopicEntries',
    message: {
      name: 'container-instance',
      changed: [{ key: 'tags', revision: 'c.d', content: [] }],
      gone: ['status'],
      whole: true,
      more: false,
    },
  },
} as const

export const ACS_UP_FRAMES = {
  hello: {
    type: 'BerthHello',
    message: {
      version: 2,
      topics: [
        {
          name: 'container-instance',
          revision: 'a.b',
          entries: [{ key: 'tags', revision: 'c.d' }],
        },
        { name: 'large', revision: 'e.f' },
      ],
    },
  },
  /** As agents said it before topics had entries. */
  helloBefore: {
    type: 'BerthHello',
    message: { topics: [{ name: 'container-instance', revision: 'a.b' }] },
  },
  stateChanges: {
    type: 'BerthStateChanges',
    message: {
      messageId: 'b-1',
      changes: [
        {
          task: TASK,
          status: 'RUNNING',
          reason: '',
          containers: [
            {
              containerName: 'web',
              status: 'RUNNING',
              runtimeId: 'r',
              networkBindings: [
                { bindIP: '0.0.0.0', containerPort: 80, hostPort: 32_768, protocol: 'tcp' },
              ],
            },
          ],
          pullStartedAt: 1_795_229_256.2,
        },
      ],
    },
  },
  healthNow: {
    type: 'BerthHealth',
    message: {
      tasks: [{ taskArn: TASK, containers: [{ containerName: 'web', healthStatus: 'UNHEALTHY' }] }],
    },
  },
  topicState: {
    type: 'BerthTopicState',
    message: {
      name: 'container-instance',
      revision: 'a.b',
      entries: [
        { key: 'tags', revision: 'c.d', state: 'applied', observed: { count: 1 } },
        { key: 'status', revision: 'e.f', state: 'failed', reason: 'no' },
      ],
    },
  },
  heartbeat: { type: 'HeartbeatAckRequest', message: { messageId: 'h-1' } },
  acknowledgement: {
    type: 'AckRequest',
    message: { cluster: CLUSTER, containerInstance: CONTAINER_INSTANCE, messageId: 'p-1' },
  },
  credentials: {
    type: 'IAMRoleCredentialsAckRequest',
    message: { credentialsId: 'id-1', expiration: '2030-01-01T00:00:00Z', messageId: 'c-1' },
  },
  verification: {
    type: 'TaskStopVerificationMessage',
    message: {
      messageId: 'm-1',
      stopCandidates: [{ taskArn: TASK, taskClusterArn: CLUSTER, desiredStatus: 'STOPPED' }],
    },
  },
} as const

const sender = { cluster: 'default', containerInstance: CONTAINER_INSTANCE }
const counter = {
  min: 266,
  max: 586,
  sampleCount: 11,
  sum: 5916,
  overflowMin: 0,
  overflowMax: 0,
  overflowSum: 0,
}
export const TCS_UP_FRAMES = {
  idle: {
    type: 'PublishMetricsRequest',
    message: {
      metadata: { ...sender, messageId: 't-1', idle: true, fin: true },
      timestamp: 1_795_229_256.209,
    },
  },
  metrics: {
    type: 'PublishMetricsRequest',
    message: {
      metadata: { ...sender, messageId: 't-2', idle: false, fin: true },
      timestamp: 1_795_229_276.209,
      taskMetrics: [
        {
          taskArn: TASK,
          taskDefinitionFamily: 'hello',
          taskDefinitionVersion: '1',
          containerMetrics: [
            {
              containerName: 'web',
              cpuStatsSet: { min: 0.02, max: 0.05, sampleCount: 10, sum: 0.35 },
              memoryStatsSet: { min: 1, max: 2, sampleCount: 11, sum: 16 },
              networkStatsSet: {
                rxBytes: counter,
                rxBytesPerSecond: { min: 0, max: 240.2, sampleCount: 10, sum: 304.3 },
              },
              storageStatsSet: { readSizeBytes: counter, writeSizeBytes: counter },
            },
          ],
        },
      ],
    },
  },
  health: {
    type: 'PublishHealthRequest',
    message: {
      metadata: { ...sender, messageId: 't-3', fin: true },
      timestamp: 1_795_229_276.209,
      tasks: [
        {
          taskArn: TASK,
          taskDefinitionFamily: 'hello',
          taskDefinitionVersion: '1',
          containers: [
            { containerName: 'web', healthStatus: 'HEALTHY', statusSince: 1_795_229_270.5 },
          ],
        },
      ],
    },
  },
  status: {
    type: 'PublishInstanceStatusRequest',
    message: {
      metadata: { ...sender, requestId: 't-4' },
      timestamp: 1_795_229_276.209,
      statuses: [
        {
          type: 'ContainerRuntime',
          status: 'OK',
          lastUpdated: 1_795_229_256.19,
          lastStatusChange: 1_795_229_256.223,
        },
      ],
    },
  },
} as const
