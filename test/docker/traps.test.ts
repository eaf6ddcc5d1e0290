/** Where others fail, asked of the whole house: a real server, a real agent, real clients. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'

import { sign } from '#agent/sign.ts'
import { ecsApi } from '#cli/api.ts'
import { systemIds } from '#system/system.ts'

import { DRIVERS } from '../parity/drivers.ts'
import { House, KEYS, REGION, run, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { docker, importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-traps-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(60_000) }
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

type Container = { name: string; exitCode?: number; reason?: string; runtimeId?: string }
type Task = {
  taskArn: string
  lastStatus: string
  stopCode?: string
  stoppedReason?: string
  startedAt?: number
  containers: Container[]
}

async function start(family: string, containers: readonly object[]): Promise<string> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: containers.map((one) => ({
      name: 'app',
      image: IMAGE,
      memory: 16,
      command: FOREVER,
      stopTimeout: 2,
      ...one,
    })),
  })
  const { tasks } = await house.api<{ tasks: Task[] }>('RunTask', { taskDefinition: family })
  return tasks[0]!.taskArn
}

async function describe(arn: string): Promise<Task> {
  const { tasks } = await house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: [arn] })
  return tasks[0]!
}

const reaches = (arn: string, status: string): Promise<Task> =>
  until(`the task is ${status}`, async () => {
    const task = await describe(arn)
    return task.lastStatus === status ? task : undefined
  })

/** Every status that the task went through, as its notices tell. */
async function statuses(arn: string): Promise<string[]> {
  const { stdout } = await house.berth('events', '--data', house.data)
  type Event = { detail: { taskArn?: string; lastStatus: string } }
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
    .filter(({ detail }) => detail.taskArn === arn)
    .map(({ detail }) => detail.lastStatus)
}

test('trap 1: an essential container exits: the others stop at once', LIMIT, async () => {
  const arn = await start('trap-1', [
    { command: ['sh', '-c', 'sleep 0.5; exit 42'] },
    { name: 'side', essential: false },
    { name: 'other', essential: true },
  ])
  const { stopCode, stoppedReason, containers } = await reaches(arn, 'STOPPED')
  assert.equal(stopCode, 'EssentialContainerExited')
  assert.equal(stoppedReason, 'Essential container in task exited')
  assert.deepEqual(
    new Map(containers.map(({ name, exitCode }) => [name, exitCode])),
    new Map([
      ['app', 42],
      ['side', 0],
      ['other', 0],
    ]),
  )
})

test('trap 10: a missing executable never leaves a RUNNING task', LIMIT, async () => {
  const arn = await start('trap-10', [
    { command: ['/no/such/program'] },
    { name: 'side', essential: false },
  ])
  const { stopCode, containers, startedAt } = await reaches(arn, 'STOPPED')
  assert.equal(stopCode, 'TaskFailedToStart')
  assert.equal(startedAt, undefined)
  const reason = containers.find(({ name }) => name === 'app')?.reason
  assert.match(reason ?? '', /^CannotStartContainerError: .*no such file/)
  assert.ok(!(await statuses(arn)).includes('RUNNING'))
})

test('trap 10: a port that is taken never leaves a RUNNING task', LIMIT, async () => {
  const holder = createServer().listen(0, '0.0.0.0')
  await once(holder, 'listening')
  try {
    const { port } = holder.address() as { port: number }
    const arn = await start('trap-10-port', [
      { portMappings: [{ containerPort: 80, hostPort: port }] },
    ])
    const { stopCode, containers } = await reaches(arn, 'STOPPED')
    assert.equal(stopCode, 'TaskFailedToStart')
    assert.match(
      containers[0]?.reason ?? '',
      /^CannotStartContainerError: .*address already in use/,
    )
    assert.ok(!(await statuses(arn)).includes('RUNNING'))
    await until('nothing is left of it', async () => {
      const left = await house.containers()
      return left.some(({ Labels }) => Labels['com.amazonaws.ecs.task-arn'] === arn)
        ? undefined
        : true
    })
  } finally {
    holder.close()
  }
})

test('trap 19: a two-container task has two containers', LIMIT, async () => {
  const arn = await start('trap-19', [{}, { name: 'side' }])
  const { containers } = await reaches(arn, 'RUNNING')
  assert.deepEqual(containers.map(({ name }) => name).sort(), ['app', 'side'])
  assert.equal(new Set(containers.map(({ runtimeId }) => runtimeId)).size, 2)
  for (const { runtimeId } of containers) {
    const { State } = (await docker('GET', `/containers/${runtimeId}/json`)) as {
      State: { Running: boolean }
    }
    assert.ok(State.Running)
  }
  await house.api('StopTask', { task: arn })
  await reaches(arn, 'STOPPED')
})

for (const driver of DRIVERS)
  test(
    `trap 14: what is not built says so by name, and ${driver.name} does not retry for ever`,
    LIMIT,
    async () => {
      if (!(await driver.found(house))) return console.log(`not run: ${driver.name} (not found)`)
      const asked = {
        cluster: 'default',
        capacityProviders: [],
        defaultCapacityProviderStrategy: [],
      }
      const error = await driver.call(house, 'PutClusterCapacityProviders', asked).then(
        () => assert.fail('it was answered'),
        (error: unknown) => error as Error,
      )
      assert.match(String(error), /NotImplemented/)
      assert.match(String(error), /PutClusterCapacityProviders/)
      assert.doesNotMatch(String(error), /<html|SyntaxError|not JSON/i)
    },
  )

for (const [service, command, type] of [
  ['sqs', ['list-queues'], /NotImplemented/],
  ['ec2', ['describe-instances'], /NotImplemented/],
  ['s3api', ['list-buckets'], /NotImplemented/],
  ['lambda', ['list-functions'], /NotImplemented/],
] as const)
  for (const cli of ['aws', '/usr/bin/aws'])
    test(`trap 14: ${service}, another protocol, says so to ${cli} too`, LIMIT, async () => {
      const args = ['--endpoint-url', house.endpoint, service, ...command]
      const { code, stderr } = await run(cli, args, { ...house.env, AWS_MAX_ATTEMPTS: '1' })
      if (/ENOENT/.test(stderr)) return console.log(`not run: ${cli} (not found)`)
      assert.notEqual(code, 0)
      assert.match(stderr, type)
      assert.doesNotMatch(stderr, /<html/i)
    })

test('trap 14: what is not built is a 501 that is no page', LIMIT, async () => {
  const request = {
    method: 'POST',
    url: `${house.endpoint}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerServiceV20141113.PutClusterCapacityProviders',
    },
    body: '{"cluster":"default"}',
  }
  const headers = sign(request, { region: REGION, credentials: KEYS, now: Date.now() })
  const response = await fetch(request.url, { ...request, headers })
  assert.equal(response.status, 501)
  assert.equal(response.headers.get('content-type'), 'application/x-amz-json-1.1')
  assert.match(await response.text(), /NotImplemented.*PutClusterCapacityProviders/)
})

test('trap 18: unknown keys, wrong secrets and unsigned calls are denied', LIMIT, async () => {
  const stranger = { accessKeyId: 'AKIASTRANGER00000001', secretAccessKey: KEYS.secretAccessKey }
  await assert.rejects(
    ecsApi(house.endpoint, REGION, stranger)('ListClusters', {}),
    /security token included in the request is invalid/,
  )
  const liar = { ...KEYS, secretAccessKey: `${KEYS.secretAccessKey}!` }
  await assert.rejects(
    ecsApi(house.endpoint, REGION, liar)('ListClusters', {}),
    /signature we calculated does not match/,
  )
  const target = 'AmazonEC2ContainerServiceV20141113.ListClusters'
  const unsigned = await fetch(house.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: '{}',
  })
  assert.equal(unsigned.status, 400)
  assert.match(await unsigned.text(), /MissingAuthenticationToken/)
  for (const cli of ['aws', '/usr/bin/aws']) {
    const strange = { ...house.env, AWS_ACCESS_KEY_ID: stranger.accessKeyId }
    const args = ['--endpoint-url', house.endpoint, 'ecs', 'list-clusters']
    const { code, stderr } = await run(cli, args, strange)
    if (/ENOENT/.test(stderr)) console.log(`not run: ${cli} (not found)`)
    else {
      assert.notEqual(code, 0)
      assert.match(
        stderr,
        /\(UnrecognizedClientException\) when calling the ListClusters operation/,
      )
    }
  }
})
