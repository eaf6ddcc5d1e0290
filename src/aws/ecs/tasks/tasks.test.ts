import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Answer, faultOf, type Host, House } from '#server/house.fixture.ts'

const CONTAINER = { name: 'app', image: 'app:1', cpu: 256, memory: 512 }

async function prepared(more: object = {}): Promise<{ house: House; host: Host }> {
  const house = await House.open()
  const host = await house.host()
  await house.call('RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [CONTAINER],
    ...more,
  })
  return { house, host }
}
const run = async (house: House, more: object = {}): Promise<Answer> =>
  house.call('RunTask', { taskDefinition: 'web', ...more })
const describe = async (house: House, task: string): Promise<Answer> =>
  (await house.call('DescribeTasks', { tasks: [task] })).tasks[0]
const remaining = async (house: House, host: Host): Promise<Record<string, unknown>> => {
  const answer = await house.call('DescribeContainerInstances', { containerInstances: [host.arn] })
  const resources: Answer[] = answer.containerInstances[0].remainingResources
  return Object.fromEntries(
    resources.map((one) => [one.name, one.stringSetValue ?? one.integerValue]),
  )
}

test('a task is placed at once, told to its host, and holds its resources until the host confirms its end', async () => {
  const { house, host } = await prepared()
  const { tasks, failures } = await run(house)
  assert.deepEqual(failures, [])
  const { taskArn } = tasks[0]
  assert.equal(tasks[0].lastStatus, 'PENDING')
  assert.deepEqual(await remaining(house, host), {
    CPU: 1792,
    MEMORY: 3584,
    PORTS: ['22'],
    PORTS_UDP: [],
  })
  const [payload] = host.payloads(taskArn)
  assert.equal(payload.tasks[0].desiredStatus, 'RUNNING')
  await host.report(taskArn, 'RUNNING', [
    { containerName: 'app', status: 'RUNNING', runtimeId: 'r1' },
  ])
  const stop = await house.call('StopTask', { task: taskArn, reason: 'enough' })
  assert.deepEqual(
    [stop.task.desiredStatus, stop.task.stopCode, stop.task.stoppedReason],
    ['STOPPED', 'UserInitiated', 'enough'],
  )
  assert.equal(
    (await remaining(house, host))['CPU'],
    1792,
    'a stop that nobody confirmed gives nothing back',
  )
  const stopping = host.payloads(taskArn).at(-1)
  assert.deepEqual(stopping.tasks, [{ arn: taskArn, desiredStatus: 'STOPPED' }])
  await host.acknowledge(stopping)
  assert.equal((await describe(house, taskArn)).lastStatus, 'STOPPING')
  await host.report(taskArn, 'STOPPED', [
    { containerName: 'app', status: 'STOPPED', exitCode: 143 },
  ])
  assert.equal((await remaining(house, host))['CPU'], 2048)
  const ended = await describe(house, taskArn)
  assert.equal(ended.containers[0].exitCode, 143)
  assert.equal(ended.stopCode, 'UserInitiated')
})

test('partial success: what fits is started, and the rest says why', async () => {
  const { house, host } = await prepared()
  const { tasks, failures } = await run(house, { count: 10 })
  assert.equal(tasks.length, 8)
  assert.deepEqual(failures, [{ arn: host.arn, reason: 'RESOURCE:CPU' }])
})

const ENDS: readonly (readonly [string, readonly object[], string, string])[] = [
  [
    'an essential container ends',
    [{ containerName: 'app', status: 'STOPPED', exitCode: 1, runtimeId: 'r' }],
    'EssentialContainerExited',
    'Essential container in task exited',
  ],
  [
    'an image cannot be pulled',
    [
      {
        containerName: 'app',
        status: 'STOPPED',
        reason: 'CannotPullContainerError: no such image',
      },
    ],
    'TaskFailedToStart',
    'CannotPullContainerError: no such image',
  ],
]
for (const [name, containers, stopCode, stoppedReason] of ENDS)
  test(`stop codes: ${name}`, async () => {
    const { house, host } = await prepared()
    const { taskArn } = (await run(house)).tasks[0]
    await host.report(taskArn, 'STOPPED', containers)
    const task = await describe(house, taskArn)
    assert.deepEqual(
      [task.stopCode, task.stoppedReason, task.desiredStatus],
      [stopCode, stoppedReason, 'STOPPED'],
    )
  })

test('an essential container that ends makes the task desired STOPPED, and its host is told', async () => {
  const { house, host } = await prepared({
    containerDefinitions: [CONTAINER, { ...CONTAINER, name: 'side', essential: false }],
  })
  const { taskArn } = (await run(house)).tasks[0]
  await host.report(taskArn, 'RUNNING', [{ containerName: 'app', status: 'RUNNING' }])
  await host.report(taskArn, 'RUNNING', [{ containerName: 'side', status: 'STOPPED', exitCode: 0 }])
  assert.equal(
    (await describe(house, taskArn)).desiredStatus,
    'RUNNING',
    'a non-essential end changes nothing',
  )
  await host.report(taskArn, 'RUNNING', [{ containerName: 'app', status: 'STOPPED', exitCode: 2 }])
  const task = await describe(house, taskArn)
  assert.deepEqual(
    [task.desiredStatus, task.lastStatus, task.stopCode],
    ['STOPPED', 'RUNNING', 'EssentialContainerExited'],
  )
  assert.equal(host.payloads(taskArn).at(-1).tasks[0].desiredStatus, 'STOPPED')
})

test('client tokens: the same request gives the same tasks, also after a crash; another one conflicts', async () => {
  const { house } = await prepared()
  const asked = { clientToken: 'token-1', count: 2, startedBy: 'me' }
  const first = await run(house, asked)
  const arns = first.tasks.map((task: Answer) => task.taskArn)
  const again = await House.open(house.log, house.clock)
  const second = await run(again, asked)
  assert.deepEqual(
    second.tasks.map((task: Answer) => task.taskArn),
    arns,
  )
  assert.equal((await again.call('ListTasks')).taskArns.length, 2)
  await assert.rejects(run(again, { ...asked, count: 3 }), (error: Answer) => {
    assert.equal(error.code, 'ConflictException')
    assert.deepEqual(error.members.resourceIds, arns)
    return true
  })
})

test('a client token gives its tasks also when their definition has gone since; others learn that it has', async () => {
  const { house, host } = await prepared()
  const byRevision = { taskDefinition: 'web:1', clientToken: 'token-1' }
  const byFamily = { taskDefinition: 'web', clientToken: 'token-2' }
  const started: Answer[] = []
  for (const asked of [byRevision, byFamily])
    started.push((await house.call('RunTask', asked)).tasks[0].taskArn)
  for (const taskArn of started) await host.report(taskArn, 'STOPPED')
  await house.call('DeregisterTaskDefinition', { taskDefinition: 'web:1' })
  await house.call('DeleteTaskDefinitions', { taskDefinitions: ['web:1'] })
  await house.clock.move(1)
  const again: Answer[] = []
  for (const asked of [byRevision, byFamily])
    again.push((await house.call('RunTask', asked)).tasks[0].taskArn)
  assert.deepEqual(again, started)
  for (const taskDefinition of ['web', 'web:1'])
    for (const [operation, where] of [
      ['RunTask', {}],
      ['RunTask', { clientToken: 'token-3' }],
      ['StartTask', { containerInstances: [host.arn] }],
    ] as const)
      assert.equal(
        await faultOf(house.call(operation, { taskDefinition, ...where })),
        'ClientException: TaskDefinition not found.',
      )
})

test('who may run a definition that has gone is asked of its revision, or of its family', async () => {
  const { house } = await prepared()
  const asks = (taskDefinition: string): readonly string[] =>
    house.server.operations
      .find('ecs', 'RunTask')!
      .access({ taskDefinition }, house.caller(), house.clock.now())
      .flatMap(({ resources }) => resources)
  const arn = 'arn:aws:ecs:us-east-1:111122223333:task-definition'
  assert.deepEqual(asks('web'), [`${arn}/web:1`])
  assert.deepEqual(asks('web:7'), [`${arn}/web:7`])
  assert.deepEqual(asks('gone'), [`${arn}/gone:*`])
})

test('overrides are checked, applied and read back', async () => {
  const { house, host } = await prepared()
  const containerOverrides = [
    { name: 'app', command: ['run'], environment: [{ name: 'A', value: '1' }], cpu: 64 },
  ]
  const { tasks } = await run(house, { overrides: { containerOverrides } })
  assert.deepEqual(tasks[0].overrides.containerOverrides, containerOverrides)
  const [payload] = host.payloads(tasks[0].taskArn)
  const [container] = payload.tasks[0].containers
  assert.deepEqual([container.command, container.environment.A, container.cpu], [['run'], '1', 64])
  assert.equal(
    await faultOf(run(house, { overrides: { containerOverrides: [{ name: 'other' }] } })),
    'InvalidParameterException: Override for container named other is not a container in the TaskDefinition.',
  )
})

const OVERRIDDEN_TASK = {
  family: 'web',
  memory: '1024',
  containerDefinitions: [CONTAINER, { ...CONTAINER, name: 'side', memory: 256, essential: false }],
}
const app = (override: object) => ({ containerOverrides: [{ name: 'app', ...override }] })
const gpus = (value: string) => app({ resourceRequirements: [{ type: 'GPU', value }] })
const noGpus = (value: string) =>
  `ClientException: Invalid value '${value}' for resource requirement of type GPU.`
const TOO_MUCH =
  "ClientException: The 'memory' setting for container 'app' is greater than for the task."
const INVALID = "ClientException: Invalid setting for container 'app'. "

/** Overrides, and what refuses them. */
const REFUSED_OVERRIDES: readonly (readonly [object, string])[] = [
  [gpus('abc'), noGpus('abc')],
  [gpus('-5'), noGpus('-5')],
  [gpus('1.5'), noGpus('1.5')],
  [gpus(''), noGpus('')],
  [
    { containerOverrides: [{ name: 'app', cpu: 1 }, { name: 'side' }, { name: 'app', cpu: 2 }] },
    'InvalidParameterException: There is more than one override for container named app.',
  ],
  [
    app({ environment: [{ value: 'x' }] }),
    "ClientException: Environment variable name cannot be empty for container 'app'.",
  ],
  [
    app({ environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/file' }] }),
    "ClientException: Invalid environmentFile 'arn:aws:s3:::b/file' for container 'app'.",
  ],
  [
    app({ memoryReservation: 513 }),
    `${INVALID}The 'memory' value must be greater than or equal to the 'memoryReservation' value.`,
  ],
  [app({ memory: 5 }), `${INVALID}'memory' must be at least 6.`],
  [app({ memoryReservation: -1 }), `${INVALID}'memoryReservation' must be at least 6.`],
  [app({ cpu: -1 }), `${INVALID}'cpu' must not be negative.`],
  [app({ memory: 1025 }), TOO_MUCH],
  [{ memory: '500' }, TOO_MUCH],
  [
    { cpu: '64' },
    "ClientException: Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
  ],
  [{ taskRoleArn: 'x y' }, 'ClientException: Role is not valid'],
  [{ executionRoleArn: 'arn:aws:iam::1:role/x' }, 'ClientException: Role is not valid'],
]
for (const operation of ['RunTask', 'StartTask'])
  test(`${operation} holds what overrides make of a definition to the rules of registration, and starts nothing`, async () => {
    const house = await House.open()
    const host = await house.host({ attributes: [{ name: 'ecs.capability.task-cpu-mem-limit' }] })
    await house.call('RegisterTaskDefinition', OVERRIDDEN_TASK)
    const where = operation === 'StartTask' && { containerInstances: [host.arn] }
    const asked = { taskDefinition: 'web', ...where }
    for (const [overrides, fault] of REFUSED_OVERRIDES)
      assert.equal(
        await faultOf(house.call(operation, { ...asked, overrides })),
        fault,
        JSON.stringify(overrides),
      )
    assert.deepEqual((await house.call('ListTasks')).taskArns, [])
    const fitting = app({ memory: 768, memoryReservation: 6, environment: [{ name: 'A' }] })
    const overrides = { ...fitting, executionRoleArn: 'execution', cpu: '1 vCPU' }
    assert.equal((await house.call(operation, { ...asked, overrides })).tasks.length, 1)
  })

test('lists: filters, and pages that stay stable while tasks come and go', async () => {
  const { house, host } = await prepared({
    containerDefinitions: [{ name: 'app', image: 'a', memory: 8 }],
  })
  const started: string[] = []
  for (let n = 0; n < 13; n++) {
    const { tasks } = await run(house, { count: 10, startedBy: `by-${n % 2}` })
    started.push(...tasks.map((task: Answer) => task.taskArn))
  }
  const first = await house.call('ListTasks', { maxResults: 60 })
  await host.report(first.taskArns[59], 'STOPPED', [
    { containerName: 'app', status: 'STOPPED', exitCode: 0 },
  ])
  await run(house)
  const second = await house.call('ListTasks', { maxResults: 100, nextToken: first.nextToken })
  const seen = [...first.taskArns, ...second.taskArns]
  assert.equal(new Set(seen).size, seen.length, 'nothing twice')
  assert.ok(
    started.every((arn) => seen.includes(arn)),
    'nothing missing',
  )
  const by = await house.call('ListTasks', { startedBy: 'by-0' })
  assert.equal(
    by.taskArns.length,
    70 - (started.slice(0, 60).indexOf(first.taskArns[59]) % 20 < 10 ? 1 : 0),
  )
  assert.match(await faultOf(house.call('ListTasks', { nextToken: 'bad' })), /Invalid token/)
  assert.match(
    await faultOf(house.call('ListTasks', { startedBy: 'x', family: 'web' })),
    /must be the only filter/,
  )
})

test('a stopped task is describable for an hour, then missing', async () => {
  const { house, host } = await prepared()
  const { taskArn } = (await run(house)).tasks[0]
  await host.report(taskArn, 'STOPPED', [{ containerName: 'app', status: 'STOPPED', exitCode: 0 }])
  await house.clock.move(59 * 60_000)
  assert.equal((await describe(house, taskArn)).lastStatus, 'STOPPED')
  await house.clock.move(3 * 60_000)
  const { tasks, failures } = await house.call('DescribeTasks', { tasks: [taskArn] })
  assert.deepEqual([tasks, failures], [[], [{ arn: taskArn, reason: 'MISSING' }]])
})

const reports = fc.array(
  fc.record({
    status: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'),
    container: fc.record({
      containerName: fc.constant('app'),
      status: fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'),
      exitCode: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    }),
  }),
  { maxLength: 12 },
)
const RANK = ['PENDING', 'RUNNING', 'STOPPING', 'STOPPED']

test('whatever agents report, statuses only move forward, exit codes never change and versions only grow', async () => {
  await fc.assert(
    fc.asyncProperty(reports, async (said) => {
      const { house, host } = await prepared()
      const { taskArn } = (await run(house)).tasks[0]
      let before = await describe(house, taskArn)
      for (const { status, container } of said) {
        await host.report(taskArn, status, [container])
        const after = await describe(house, taskArn)
        assert.ok(RANK.indexOf(after.lastStatus) >= RANK.indexOf(before.lastStatus))
        assert.ok(after.version >= before.version)
        const code = before.containers[0].exitCode
        if (code !== undefined) assert.equal(after.containers[0].exitCode, code)
        await host.report(taskArn, status, [container])
        assert.deepEqual(await describe(house, taskArn), after, 'a doubled report changes nothing')
        before = after
      }
      const isFree = before.lastStatus === 'STOPPED'
      assert.equal((await remaining(house, host))['CPU'], isFree ? 2048 : 1792)
    }),
    { numRuns: 40 },
  )
})
