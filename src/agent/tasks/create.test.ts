import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AcsContainer, AcsTask } from '#wire/task.ts'

import { accept } from './accept.ts'
import { containerBody, type BodyChoices, type Owner } from './create.ts'
import { change, containerOf } from './task.ts'

const OWNER: Owner = {
  installationId: 'installation-1',
  containerInstanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/1',
  cluster: 'default',
}
const ARN = 'arn:aws:ecs:us-east-1:123456789012:task/default/1'
const CLUSTER = 'arn:aws:ecs:us-east-1:123456789012:cluster/default'

function bodyOf(
  container: Partial<AcsContainer>,
  more: Partial<AcsTask> = {},
  choices: BodyChoices = {},
) {
  const app: AcsContainer = { name: 'app', image: 'team/app:1', ...container }
  const db: AcsContainer = { name: 'db', image: 'team/db:1' }
  const task = accept(
    {
      arn: ARN,
      desiredStatus: 'RUNNING',
      taskClusterArn: CLUSTER,
      family: 'shop',
      version: '7',
      networkMode: 'bridge',
      containers: [app, db],
      ...more,
    },
    1,
    () => 'f00',
  )
  const body = containerBody(task, app, OWNER, choices)
  return { task, body, hostConfig: body.HostConfig }
}

test('a small container gets a small body', () => {
  const { body, task } = bodyOf({})
  assert.equal(task.containers['app']?.dockerName, 'ecs-shop-7-app-f00')
  const { Labels, ...rest } = body
  assert.deepEqual(rest, {
    Env: [],
    Image: 'team/app:1',
    HostConfig: { CpuShares: 2, Binds: [], VolumesFrom: [], Links: [], NetworkMode: 'bridge' },
  })
  const { 'berth.task': definition, ...labels } = Labels
  assert.deepEqual(labels, {
    'com.amazonaws.ecs.cluster': 'default',
    'com.amazonaws.ecs.container-name': 'app',
    'com.amazonaws.ecs.task-arn': ARN,
    'com.amazonaws.ecs.task-definition-family': 'shop',
    'com.amazonaws.ecs.task-definition-version': '7',
    'berth.installation': 'installation-1',
    'berth.container-instance': OWNER.containerInstanceArn,
    'berth.volumes': '{}',
    'berth.endpoint': 'f00f00',
  })
  assert.deepEqual(JSON.parse(definition ?? ''), task.definition)
})

test('process, environment and ports', () => {
  const { body, hostConfig } = bodyOf({
    entryPoint: ['/bin/sh', '-c'],
    command: ['serve'],
    environment: { A: '1', B: 'x=y' },
    portMappings: [
      { containerPort: 80, hostPort: 8080, protocol: 'tcp' },
      { containerPort: 53, hostPort: 0, protocol: 'udp' },
      { containerPort: 80, hostPort: 8081 },
    ],
  })
  assert.deepEqual(body['Entrypoint'], ['/bin/sh', '-c'])
  assert.deepEqual(body['Cmd'], ['serve'])
  assert.deepEqual(body['Env'], ['A=1', 'B=x=y'])
  assert.deepEqual(body['ExposedPorts'], { '80/tcp': {}, '53/udp': {} })
  assert.deepEqual(hostConfig['PortBindings'], {
    '80/tcp': [{ HostPort: '8080' }, { HostPort: '8081' }],
    '53/udp': [{ HostPort: '0' }],
  })
})

test('a command of the overrides takes the place of the own one', () => {
  const { body } = bodyOf({ command: ['serve'], overrides: '{"command":["migrate"]}' })
  assert.deepEqual(body['Cmd'], ['migrate'])
})

test('in host mode no port is published', () => {
  const { body, hostConfig } = bodyOf(
    { portMappings: [{ containerPort: 80 }] },
    { networkMode: 'host' },
  )
  assert.equal(body['ExposedPorts'], undefined)
  assert.equal(hostConfig['PortBindings'], undefined)
  assert.equal(hostConfig['NetworkMode'], 'host')
})

test('shares and memory have the least that kernel and engine take', () => {
  const cases: readonly [Partial<AcsContainer>, number, number | undefined][] = [
    [{}, 2, undefined],
    [{ cpu: 0, memory: 4 }, 2, 6 * 1024 * 1024],
    [{ cpu: 1, memory: 64 }, 2, 64 * 1024 * 1024],
    [{ cpu: 128 }, 128, undefined],
  ]
  for (const [container, shares, memory] of cases) {
    const { hostConfig } = bodyOf(container)
    assert.equal(hostConfig['CpuShares'], shares)
    assert.equal(hostConfig['Memory'], memory)
  }
})

test('links and volumes of another container go by its name on the engine', () => {
  const { hostConfig } = bodyOf({
    links: ['db:database', 'db'],
    volumesFrom: [{ sourceContainer: 'db', readOnly: true }],
  })
  assert.deepEqual(hostConfig['Links'], ['ecs-shop-7-db-f00:database', 'ecs-shop-7-db-f00:db'])
  assert.deepEqual(hostConfig['VolumesFrom'], ['ecs-shop-7-db-f00:ro'])
})

test("volumes: the host's, the task's own, and shared ones", () => {
  const { hostConfig } = bodyOf(
    {
      mountPoints: [
        { sourceVolume: 'etc', containerPath: '/etc/app', readOnly: true },
        { sourceVolume: 'scratch', containerPath: '/scratch' },
        { sourceVolume: 'own', containerPath: '/own' },
        { sourceVolume: 'all', containerPath: '/all' },
      ],
    },
    {
      volumes: [
        { name: 'etc', host: { sourcePath: '/srv/etc' } },
        { name: 'scratch', host: {} },
        { name: 'own', dockerVolumeConfiguration: { scope: 'task', driver: 'local' } },
        { name: 'all', dockerVolumeConfiguration: { scope: 'shared' } },
      ],
    },
  )
  assert.deepEqual(hostConfig['Binds'], [
    '/srv/etc:/etc/app:ro',
    'ecs-shop-7-scratch-f00:/scratch',
    'ecs-shop-7-own-f00:/own',
    'all:/all',
  ])
})

test('the dockerConfig is laid over, and cannot take our labels away', () => {
  const config = {
    User: '1000',
    Labels: { mine: 'yes', 'berth.installation': 'stolen' },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9 },
  }
  const hostConfigJson = { NetworkMode: 'none', CapAdd: ['NET_ADMIN'], Memory: 1 }
  const { body, hostConfig } = bodyOf({
    memory: 64,
    dockerConfig: { config: JSON.stringify(config), hostConfig: JSON.stringify(hostConfigJson) },
  })
  assert.equal(body['User'], '1000')
  assert.deepEqual(body['Healthcheck'], config.Healthcheck)
  assert.equal(body.Labels['mine'], 'yes')
  assert.equal(body.Labels['berth.installation'], 'installation-1')
  assert.deepEqual(hostConfig['CapAdd'], ['NET_ADMIN'])
  assert.equal(hostConfig['NetworkMode'], 'none')
  assert.equal(hostConfig['Memory'], 1)
})

test('a container that logs by awslogs writes to a file that only the agent empties', () => {
  const LogConfig = { Type: 'awslogs', Config: { 'awslogs-group': 'g' } }
  const { hostConfig } = bodyOf({
    dockerConfig: { hostConfig: JSON.stringify({ NetworkMode: 'none', LogConfig }) },
  })
  assert.deepEqual(hostConfig['LogConfig'], {
    Type: 'json-file',
    Config: { 'max-size': '1000t', 'max-file': '1' },
  })
  assert.equal(hostConfig['NetworkMode'], 'none')
})

test('credentials never get onto a label', () => {
  const { body } = bodyOf(
    {},
    { roleCredentials: { credentialsId: 'c', secretAccessKey: 'SECRET', sessionToken: 'SECRET' } },
  )
  assert.ok(!JSON.stringify(body).includes('SECRET'))
})

test('a container is told where it runs; what the task or the image says wins', () => {
  const choices = { region: 'eu-west-1', metadataUrl: 'http://169.254.170.2' }
  const credentials = { roleCredentials: { credentialsId: 'c-1' } }
  assert.deepEqual(bodyOf({}, credentials, choices).body['Env'], [
    'ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/f00f00',
    'ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/f00f00',
    'ECS_AGENT_URI=http://169.254.170.2/api/f00f00',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/c-1',
    'AWS_REGION=eu-west-1',
    'AWS_DEFAULT_REGION=eu-west-1',
  ])
  const own = bodyOf({ environment: { AWS_REGION: 'mine' } }, {}, { region: 'eu-west-1' })
  assert.deepEqual(own.body['Env'], ['AWS_REGION=mine', 'AWS_DEFAULT_REGION=eu-west-1'])
  const { task } = bodyOf({})
  const image = change(task, 'app', { imageVariables: ['AWS_REGION', 'AWS_DEFAULT_REGION'] })
  const app = image.definition.containers?.[0] as AcsContainer
  assert.deepEqual(containerBody(image, app, OWNER, { region: 'eu-west-1' })['Env'], [])
})

test('a port range has a host port for each of its ports', () => {
  const { hostConfig } = bodyOf(
    { portMappings: [{ containerPortRange: '8000-8002', protocol: 'udp' }, { containerPort: 80 }] },
    {},
    { hostPorts: { '8000-8002/udp': 50_000 }, dynamicPorts: { first: 49_153, last: 65_535 } },
  )
  assert.deepEqual(hostConfig['PortBindings'], {
    '80/tcp': [{ HostPort: '49153-65535' }],
    '8000/udp': [{ HostPort: '50000' }],
    '8001/udp': [{ HostPort: '50001' }],
    '8002/udp': [{ HostPort: '50002' }],
  })
})

test('shared namespaces are those of the host, or of a pause container that all wait for', () => {
  assert.equal(bodyOf({}, { pidMode: 'host' }).hostConfig['PidMode'], 'host')
  assert.equal(bodyOf({}, { ipcMode: 'none' }).hostConfig['IpcMode'], 'none')
  const roomy = { dockerConfig: { hostConfig: '{"ShmSize":4096}' } }
  const { task, hostConfig } = bodyOf(roomy, { pidMode: 'task', ipcMode: 'task' })
  assert.equal(hostConfig['PidMode'], 'container:ecs-shop-7-internalecspause-f00')
  assert.equal(hostConfig['IpcMode'], 'container:ecs-shop-7-internalecspause-f00')
  const [pause, ...others] = task.definition.containers ?? []
  assert.equal(pause?.name, '~internal~ecs~pause')
  for (const { dependsOn } of others)
    assert.deepEqual(dependsOn, [{ containerName: '~internal~ecs~pause', condition: 'START' }])
  const { HostConfig } = containerBody(task, pause, OWNER, { parentGroup: '/ecs/1' })
  assert.equal(HostConfig['IpcMode'], 'shareable')
  assert.equal(HostConfig['ShmSize'], 4096)
  assert.equal(HostConfig['PidMode'], undefined)
  assert.equal(HostConfig['CgroupParent'], '/ecs/1')
  // A task that was kept and is accepted again has one pause container, not two.
  const again = accept(task.definition, 1, () => 'f00')
  assert.equal(again.definition.containers?.length, 3)
})

test('a container has the GPUs that are associated with it', () => {
  const association = (name: string, container: string) => ({
    type: 'gpu',
    name,
    containers: [container],
    content: { encoding: 'base64', value: '' },
  })
  const { body, hostConfig } = bodyOf(
    // Whatever its author says of others.
    { environment: { NVIDIA_VISIBLE_DEVICES: 'all' } },
    { associations: [association('GPU-1', 'app'), association('GPU-2', 'db')] },
  )
  assert.deepEqual(body['Env'], ['NVIDIA_VISIBLE_DEVICES=GPU-1'])
  assert.deepEqual(hostConfig['DeviceRequests'], [
    { Driver: 'nvidia', DeviceIDs: ['GPU-1'], Capabilities: [['gpu']] },
  ])
})

test("an author labels what is the author's, and nothing as Berth's own", () => {
  const forged = {
    'berth.installation': 'another',
    'berth.task': '{}',
    'berth.anything': 'x',
    'Berth.volumes': '{}',
    'com.amazonaws.ecs.task-arn': 'another',
    'com.amazonaws.ecs.anything': 'x',
  }
  const plain = bodyOf({}).body.Labels
  const config = JSON.stringify({ Labels: { ...forged, mine: '1' } })
  const { body } = bodyOf({ dockerConfig: { config } })
  assert.deepEqual(Object.keys(body.Labels).toSorted(), [...Object.keys(plain), 'mine'].toSorted())
  assert.equal(body.Labels['berth.installation'], OWNER.installationId)
  assert.equal(body.Labels['com.amazonaws.ecs.task-arn'], ARN)
  assert.equal(body.Labels['mine'], '1')
})

test('what is not said of a container is said to be nothing, so that no image says it', () => {
  const { body } = bodyOf({ environment: { A: 'x'.repeat(200_000) } })
  assert.equal(body.Labels['berth.task'], '')
  assert.equal(body.Labels['berth.volumes'], '')
})

test('names that every object has are names like any other', () => {
  const names = ['__proto__', 'constructor', 'toString']
  const { body, task } = bodyOf(
    {
      environment: Object.fromEntries(names.map((name) => [name, name])),
      mountPoints: names.map((name) => ({ sourceVolume: name, containerPath: `/${name}` })),
    },
    {
      volumes: names.map((name) => ({
        name,
        type: 'docker' as const,
        dockerVolumeConfiguration: { scope: 'shared' as const, autoprovision: true },
      })),
    },
  )
  assert.deepEqual(
    body.HostConfig['Binds'],
    names.map((name) => `${name}:/${name}`),
  )
  assert.deepEqual(
    body['Env'],
    names.map((name) => `${name}=${name}`),
  )
  for (const name of names)
    assert.deepEqual(containerOf(task, name), { status: 'NONE', dockerName: '' })
})

test('an empty entry point and an empty command leave those of the image', () => {
  const { body } = bodyOf({ entryPoint: [], command: [], overrides: '{"command":[]}' })
  assert.ok(!('Entrypoint' in body) && !('Cmd' in body))
  const { body: own } = bodyOf({ command: ['serve'], overrides: '{"command":[]}' })
  assert.deepEqual(own['Cmd'], ['serve'])
})
