/** Users may call things as what every object of the language has: these are names like any other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Answer, House } from '#server/house.fixture.ts'

const NAMES = ['__proto__', 'constructor', 'hasOwnProperty']
const texts = Object.fromEntries(NAMES.map((name) => [name, name]))
const DEFINITION = {
  family: 'constructor',
  volumes: NAMES.map((name) => ({
    name,
    dockerVolumeConfiguration: { scope: 'shared', autoprovision: true, labels: texts },
  })),
  containerDefinitions: NAMES.map((name) => ({
    name,
    image: 'app:1',
    memory: 64,
    dockerLabels: texts,
    environment: NAMES.map((each) => ({ name: each, value: each })),
    mountPoints: [{ sourceVolume: name, containerPath: '/data' }],
    logConfiguration: { logDriver: 'json-file', options: texts },
  })),
  tags: NAMES.map((key) => ({ key, value: key })),
}

test('a task of such names is read back and sent as it was written', async () => {
  const house = await House.open()
  const host = await house.host()
  const { taskDefinition } = await house.call('RegisterTaskDefinition', DEFINITION)
  assert.deepEqual(
    taskDefinition.containerDefinitions.map(({ dockerLabels }: Answer) => dockerLabels),
    NAMES.map(() => texts),
  )
  const overrides = {
    containerOverrides: NAMES.map((name) => ({ name, environment: [{ name, value: 'over' }] })),
  }
  const { tasks } = await house.call('RunTask', { taskDefinition: 'constructor', overrides })
  const [payload] = host.payloads(tasks[0].taskArn)
  for (const container of payload.tasks[0].containers) {
    const { name, environment, dockerConfig } = container
    for (const each of NAMES)
      assert.equal(
        Object.getOwnPropertyDescriptor(environment, each)?.value,
        each === name ? 'over' : each,
      )
    assert.deepEqual(JSON.parse(dockerConfig.config).Labels, texts)
    assert.deepEqual(JSON.parse(dockerConfig.hostConfig).LogConfig.Config, texts)
  }
})

test('an image digest is kept for a container of such a name', async () => {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', DEFINITION)
  await house.call('CreateService', {
    serviceName: 'web',
    taskDefinition: 'constructor',
    desiredCount: 1,
  })
  await house.clock.move(1000)
  const { taskArns } = await house.call('ListTasks', { serviceName: 'web' })
  const digests = async (): Promise<Answer> => {
    const { services } = await house.call('DescribeServices', { services: ['web'] })
    const [{ arn }] = services[0].currentServiceRevisions
    const { serviceRevisions } = await house.call('DescribeServiceRevisions', {
      serviceRevisionArns: [arn],
    })
    return serviceRevisions[0].containerImages.map(({ imageDigest }: Answer) => imageDigest)
  }
  assert.deepEqual(await digests(), [undefined, undefined, undefined])
  await host.report(
    taskArns[0],
    'RUNNING',
    NAMES.map((containerName) => ({ containerName, status: 'RUNNING', imageDigest: 'sha256:a' })),
  )
  assert.deepEqual(await digests(), ['sha256:a', 'sha256:a', 'sha256:a'])
})
