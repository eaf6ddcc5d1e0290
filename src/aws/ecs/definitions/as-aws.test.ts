/** What AWS itself was seen to take, to refuse and to answer of task definitions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, faultOf, House } from '#server/house.fixture.ts'

const APP = { name: 'app', image: 'app:1', memory: 64 }
const EFS = { fileSystemId: 'fs-1' }
const FARGATE = {
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '256',
  memory: '512',
}
const container = (more: object) => ({ containerDefinitions: [{ ...APP, ...more }] })
const port = (...portMappings: object[]) => container({ portMappings })
const three = (memory: number) => ({
  memory: '512',
  containerDefinitions: [0, 1, 2].map((n) => ({ ...APP, name: `c${n}`, memory })),
})

const TAKEN: readonly (readonly [what: string, input: object])[] = [
  [
    'a health check without a word that says how',
    container({ healthCheck: check('/healthcheck') }),
  ],
  ['containers of which each is within the task', three(512)],
  ['a port on tcp and on udp', port({ containerPort: 53 }, { containerPort: 53, protocol: 'udp' })],
  [
    'autoprovision of a volume of the task',
    { volumes: [{ name: 'v', dockerVolumeConfiguration: { scope: 'task', autoprovision: true } }] },
  ],
]

const REFUSED: readonly (readonly [input: object, text: string])[] = [
  [three(513), "The 'memory' setting for container 'c0' is greater than for the task."],
  [
    { ...FARGATE, pidMode: 'host' },
    "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
  ],
  [{ ...FARGATE, ipcMode: 'host' }, 'Tasks using the Fargate launch type do not support ipcMode.'],
  [
    {
      requiresCompatibilities: ['FARGATE'],
      containerDefinitions: [APP, { name: 'b', image: 'b' }],
    },
    "Invalid setting for container 'b'. At least one of 'memory' or 'memoryReservation' must be specified.",
  ],
  [{ requiresCompatibilities: ['FARGATE'] }, 'Fargate only supports network mode ‘awsvpc’.'],
  [
    container({ linuxParameters: { tmpfs: [{ containerPath: '/t', size: 0 }] } }),
    'The container has an invalid tmpfs size value specified. It must be a non-zero, non-negative integer.',
  ],
  [
    {
      containerDefinitions: [
        { ...APP, links: ['b'] },
        { ...APP, name: 'b', links: ['app'] },
      ],
    },
    'Container links should not have a cycle',
  ],
  [
    container({ ulimits: [{ name: 'memory', softLimit: 1, hardLimit: 1 }] }),
    'Unrecognized ulimit name memory',
  ],
  [
    { placementConstraints: [{ type: 'distinctInstance' }] },
    "constraint.type 'distinctInstance' is not supported.",
  ],
]

test('AWS takes', async () => {
  const house = await House.open()
  for (const [what, input] of TAKEN)
    assert.equal(await faultOf(register(house, input)), 'no fault', what)
})

test('AWS refuses, in these words', async () => {
  const house = await House.open()
  for (const [input, text] of REFUSED)
    assert.equal(await faultOf(register(house, input)), `ClientException: ${text}`)
  assert.equal(
    await faultOf(house.call('DeregisterTaskDefinition', { taskDefinition: 'fake' })),
    'ClientException: Revision is missing.',
  )
})

test('what is empty reads back as it was written, and counts as absent', async () => {
  const house = await House.open()
  const written = {
    entryPoint: [],
    command: [],
    dependsOn: [],
    hostname: '',
    user: '',
    workingDirectory: '',
    versionConsistency: '',
    dockerLabels: {},
    linuxParameters: { capabilities: { drop: ['ALL'] }, devices: [], tmpfs: [] },
    healthCheck: { ...check('CMD', 'true'), interval: 30, timeout: 5, retries: 3 },
    logConfiguration: { logDriver: 'json-file', options: {}, secretOptions: [] },
    firelensConfiguration: { type: 'fluentbit', options: {} },
    repositoryCredentials: { credentialsParameter: 'p' },
    resourceRequirements: [],
    restartPolicy: { enabled: false, ignoredExitCodes: [] },
    portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp', name: '', appProtocol: '' }],
    mountPoints: [{ sourceVolume: 'docker', containerPath: '/d' }],
    environment: [{ name: 'EMPTY', value: '' }],
  }
  const volumes = [
    { name: 'docker', dockerVolumeConfiguration: { scope: 'task', driver: 'local', labels: {} } },
    { name: 'host', host: { sourcePath: '' } },
    { name: 'efs', efsVolumeConfiguration: { ...EFS, rootDirectory: '/', transitEncryption: '' } },
  ]
  const { taskDefinition } = await register(house, { ...container(written), volumes })
  const [read] = taskDefinition.containerDefinitions
  assert.deepEqual(read, {
    ...APP,
    ...written,
    cpu: 0,
    essential: true,
    volumesFrom: [],
    systemControls: [],
  })
  assert.deepEqual(taskDefinition.volumes, volumes)
  const absent = await register(house, {
    ...container({
      healthCheck: written.healthCheck,
      logConfiguration: { logDriver: 'json-file' },
    }),
    volumes: [{ name: 'efs', efsVolumeConfiguration: EFS }],
  })
  const needs = (one: Answer): string[] =>
    one.requiresAttributes
      .map(({ name }: Answer) => name)
      .filter((name: string) => !/firelens|private-registry|docker-plugin/.test(name))
  assert.deepEqual(needs(taskDefinition), needs(absent.taskDefinition))
})

test('an empty text where one may be absent is none', async () => {
  const house = await House.open()
  const { taskDefinition } = await register(house, {
    taskRoleArn: '',
    executionRoleArn: '',
    networkMode: '',
    cpu: '',
    memory: '',
    pidMode: '',
    ipcMode: '',
    runtimePlatform: { cpuArchitecture: '', operatingSystemFamily: 'LINUX' },
  })
  for (const name of [
    'taskRoleArn',
    'executionRoleArn',
    'networkMode',
    'cpu',
    'pidMode',
    'ipcMode',
  ])
    assert.ok(!(name in taskDefinition), name)
  assert.deepEqual(taskDefinition.runtimePlatform, { operatingSystemFamily: 'LINUX' })
})

test('where AWS has a default, what is empty has it too', async () => {
  const house = await House.open()
  const { taskDefinition } = await register(house, {
    ...port({ containerPort: 80, hostPort: 8080, protocol: '', containerPortRange: '' }),
    volumes: [
      { name: 'docker', dockerVolumeConfiguration: { scope: '', driver: '' } },
      { name: 'efs', efsVolumeConfiguration: { ...EFS, rootDirectory: '' } },
    ],
  })
  const [{ portMappings }] = taskDefinition.containerDefinitions
  assert.deepEqual([portMappings[0].protocol, portMappings[0].hostPort], ['tcp', 8080])
  assert.deepEqual(taskDefinition.volumes, [
    { name: 'docker', dockerVolumeConfiguration: { scope: 'task', driver: 'local' } },
    { name: 'efs', efsVolumeConfiguration: { ...EFS, rootDirectory: '/' } },
  ])
  assert.deepEqual(
    taskDefinition.requiresAttributes.map(({ name }: Answer) => name),
    ['ecs.capability.docker-plugin.local', 'ecs.capability.efs'],
  )
})

test('AWS fills in the root of a file system, and keeps a variable once', async () => {
  const house = await House.open()
  const A = { name: 'A', value: '1' }
  const B = { name: 'B', value: '1' }
  const { taskDefinition } = await register(house, {
    ...container({ environment: [A, B, { ...A }] }),
    volumes: [{ name: 'v', efsVolumeConfiguration: EFS }],
  })
  assert.deepEqual(taskDefinition.volumes, [
    { name: 'v', efsVolumeConfiguration: { ...EFS, rootDirectory: '/' } },
  ])
  assert.deepEqual(taskDefinition.containerDefinitions[0].environment, [A, B])
})

test('what suits Fargate says so, and needs no limit of a whole task', async () => {
  const house = await House.open()
  const { requiresCompatibilities: _asked, ...sized } = FARGATE
  const { taskDefinition } = await register(house, sized)
  assert.deepEqual(taskDefinition.compatibilities, ['EC2', 'FARGATE'])
  assert.deepEqual(
    taskDefinition.requiresAttributes.map(({ name }: Answer) => name),
    ['com.amazonaws.ecs.capability.docker-remote-api.1.18', 'ecs.capability.task-eni'],
  )
  const privileged = await register(house, { ...sized, ...container({ privileged: true }) })
  assert.deepEqual(privileged.taskDefinition.compatibilities, ['EC2'])
  const bridge = await register(house, { cpu: '256', memory: '512' })
  assert.deepEqual(bridge.taskDefinition.compatibilities, ['EXTERNAL', 'EC2'])
})

test('a path that would part a bind, or that no kernel takes, is refused', async () => {
  const house = await House.open()
  const mount = (containerPath: string, sourcePath = '/s') => ({
    ...container({ mountPoints: [{ sourceVolume: 'v', containerPath }] }),
    volumes: [{ name: 'v', host: { sourcePath } }],
  })
  const source = "Invalid 'sourcePath' setting for volume 'v'."
  const path = "Invalid 'containerPath' setting of a mount point for container 'app'."
  const cases: readonly (readonly [object, string])[] = [
    [mount('/a:ro'), path],
    [mount('/a\u0000'), path],
    [mount(''), path],
    [mount('/a', '/s:/etc'), source],
    [mount('/a', '/s\u0000'), source],
    [mount('C:\\a'), path],
    [
      container({ workingDirectory: '/a\u0000' }),
      "Invalid 'workingDirectory' setting for container 'app'.",
    ],
    [
      container({ linuxParameters: { devices: [{ hostPath: '/dev/a\u0000' }] } }),
      "Invalid 'devices' setting for container 'app'.",
    ],
    [
      container({ linuxParameters: { tmpfs: [{ containerPath: '/t\u0000', size: 1 }] } }),
      "Invalid 'tmpfs' setting for container 'app'.",
    ],
  ]
  for (const [input, text] of cases)
    assert.equal(await faultOf(register(house, input)), `ClientException: ${text}`)
  const windows = { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } }
  for (const input of [mount('/a b'), { ...mount('C:\\a', 'D:\\s'), ...windows }])
    assert.equal(await faultOf(register(house, input)), 'no fault')
})

function check(...command: readonly string[]) {
  return { command }
}

const register = (house: House, more: object): Promise<Answer> =>
  house.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [APP], ...more })
