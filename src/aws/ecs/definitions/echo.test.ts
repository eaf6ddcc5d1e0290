/** Tools compare what they wrote with what they read: whatever is accepted reads back as a fixed point. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Answer, House } from '#server/house.fixture.ts'

const MODES = [undefined, 'bridge', 'host', 'awsvpc', 'none'] as const
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const text = fc.stringMatching(/^[a-z]{1,8}$/)

const healthCheck = fc.record({
  command: fc.constant(['CMD-SHELL', 'true']),
  interval: maybe(fc.integer({ min: 5, max: 300 })),
  retries: maybe(fc.integer({ min: 1, max: 10 })),
  startPeriod: maybe(fc.integer({ min: 0, max: 300 })),
})
const portMapping = fc.record({
  isFixed: fc.boolean(),
  protocol: maybe(fc.constantFrom('tcp', 'udp')),
})
const container = fc.record({
  cpu: maybe(fc.nat(64)),
  memory: fc.integer({ min: 6, max: 32 }),
  essential: maybe(fc.boolean()),
  command: maybe(fc.array(text, { maxLength: 3 })),
  environment: maybe(fc.array(fc.record({ name: text, value: fc.string() }), { maxLength: 3 })),
  dockerLabels: maybe(fc.dictionary(text, text, { maxKeys: 2 })),
  healthCheck: maybe(healthCheck),
  stopTimeout: maybe(fc.integer({ min: 2, max: 300 })),
  ports: fc.array(portMapping, { maxLength: 3 }),
})
const volume = fc.constantFrom<object>(
  {},
  { host: {} },
  { host: { sourcePath: '/data' } },
  { dockerVolumeConfiguration: {} },
  { dockerVolumeConfiguration: { scope: 'shared' } },
)
const definitions = fc
  .record({
    networkMode: fc.constantFrom(...MODES),
    cpu: maybe(fc.constantFrom('1024', '1 vCPU', '.5 vCPU')),
    memory: maybe(fc.constantFrom('1024', '1GB', '2 gb')),
    containers: fc.array(container, { minLength: 1, maxLength: 3 }),
    volumes: maybe(fc.array(volume, { maxLength: 2 })),
  })
  .map(({ containers, volumes, ...rest }) => ({
    ...rest,
    ...(volumes && { volumes: volumes.map((one, at) => ({ name: `v${at}`, ...one })) }),
    family: 'web',
    containerDefinitions: containers.map(({ ports, ...one }, at) => ({
      ...one,
      name: `c${at}`,
      image: 'app:1',
      ...(at === 0 && { essential: true }),
      portMappings: (rest.networkMode === 'none' ? [] : ports).map(({ isFixed, protocol }, n) => {
        const containerPort = 1000 + at * 10 + n
        return { containerPort, protocol, ...(isFixed && { hostPort: containerPort }) }
      }),
    })),
  }))

/** What ECS adds to a definition: no tool writes these. */
const ADDED = [
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'registeredBy',
]
const written = (taskDefinition: Answer): Answer =>
  Object.fromEntries(Object.entries(taskDefinition).filter(([name]) => !ADDED.includes(name)))

test('what was registered is described as it was answered, and registered again it is the same', async () => {
  const house = await House.open()
  await fc.assert(
    fc.asyncProperty(definitions, async (input) => {
      const { taskDefinition } = await house.call('RegisterTaskDefinition', input)
      const { revision } = taskDefinition
      const described = await house.call('DescribeTaskDefinition', {
        taskDefinition: `web:${revision}`,
      })
      assert.deepEqual(described.taskDefinition, taskDefinition)
      const again = await house.call('RegisterTaskDefinition', written(taskDefinition))
      assert.equal(again.taskDefinition.revision, revision + 1, 'numbers have no gaps')
      assert.deepEqual(written(again.taskDefinition), written(taskDefinition))
      assert.deepEqual(again.taskDefinition.requiresAttributes, taskDefinition.requiresAttributes)
    }),
  )
})

test('the defaults of volumes and ports are those of their kind and network mode', async () => {
  const house = await House.open()
  const port = async (networkMode: string | undefined, mapping: object): Promise<Answer> => {
    const containerDefinitions = [{ name: 'a', image: 'a', memory: 8, portMappings: [mapping] }]
    const { taskDefinition } = await house.call('RegisterTaskDefinition', {
      family: 'web',
      networkMode,
      containerDefinitions,
      volumes: [{ name: 'v', dockerVolumeConfiguration: {} }],
    })
    assert.deepEqual(taskDefinition.volumes, [
      { name: 'v', dockerVolumeConfiguration: { scope: 'task', driver: 'local' } },
    ])
    return taskDefinition.containerDefinitions[0].portMappings[0]
  }
  const tcp = { containerPort: 80, protocol: 'tcp' }
  assert.deepEqual(await port(undefined, { containerPort: 80 }), { ...tcp, hostPort: 0 })
  assert.deepEqual(await port('bridge', { containerPort: 80 }), { ...tcp, hostPort: 0 })
  assert.deepEqual(await port('host', { containerPort: 80 }), { ...tcp, hostPort: 80 })
  assert.deepEqual(await port('awsvpc', { containerPort: 80 }), { ...tcp, hostPort: 80 })
  const range = { containerPortRange: '80-90' }
  assert.deepEqual(await port('bridge', range), { ...range, protocol: 'tcp' })
})
