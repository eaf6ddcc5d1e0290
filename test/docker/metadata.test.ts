/** What containers and the host's tools hear when they ask the agent. */
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'

import { systemIds } from '#system/system.ts'
import type { AcsContainer, AcsTask } from '#wire/task.ts'

import { until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage, outputOf, removeImage } from './engine.fixture.ts'
import { Host, task } from './host.fixture.ts'

const IMAGE = `berth-metadata-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(120_000) }
const ROLE = {
  credentialsId: systemIds.uuid(),
  roleArn: 'arn:aws:iam::123456789012:role/app',
  accessKeyId: 'ASIATESTTASKROLE0001',
  secretAccessKey: 'a-task-secret',
  sessionToken: 'a-task-token',
  expiration: '2030-01-01T00:00:00Z',
}

before(() => importImage(IMAGE, ['LABEL berth.local=true']))
after(() => removeImage(IMAGE))

async function start(context: TestContext): Promise<Host> {
  const host = await Host.start()
  context.after(() => host.end())
  return host
}

/** Runs a task whose one container asks; gives what it printed, a line an answer. */
async function asked(
  host: Host,
  questions: readonly string[],
  container: Partial<AcsContainer> = {},
  more: Partial<AcsTask> = {},
): Promise<readonly string[]> {
  const script = questions.map((url) => `wget -qO- "${url}"; echo`).join('; ')
  const asker = task(
    [{ name: 'web', image: IMAGE, memory: 32, command: ['sh', '-c', script], ...container }],
    more,
  )
  host.run(asker)
  const stopped = await host.backend.status(asker.arn, 'STOPPED')
  const [told] = (stopped.containers ?? []) as readonly { runtimeId?: string }[]
  return (await outputOf(told?.runtimeId ?? '')).trim().split('\n')
}

const TEXT: Readonly<Record<number, string>> = { 400: 'Bad Request', 404: 'Not Found' }
const V4 = '$ECS_CONTAINER_METADATA_URI_V4'
const V3 = '$ECS_CONTAINER_METADATA_URI'

test('a container knows itself and its task, in bridge and host mode', LIMIT, async (context) => {
  const host = await start(context)
  for (const networkMode of ['bridge', 'host'] as const) {
    const more = { networkMode, cpu: 0.5, memory: 64 }
    const arn = 'arn:aws:ecs:us-east-1:123456789012:container/default/1/2'
    const fields = { containerArn: arn, cpu: 10 }
    const answers = await asked(host, [V4, `${V4}/task`, V3, `${V3}/task`], fields, more)
    const [container, whole, third, thirdTask] = answers.map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    )
    const { Name, Type, ContainerARN, KnownStatus, Limits, Networks, Labels, DockerId } =
      container ?? {}
    assert.deepEqual(
      { Name, Type, ContainerARN, KnownStatus, Limits },
      {
        Name: 'web',
        Type: 'NORMAL',
        ContainerARN: arn,
        KnownStatus: 'RUNNING',
        Limits: { CPU: 10, Memory: 32 },
      },
    )
    const [network] = Networks as [{ NetworkMode: string; IPv4Addresses: string[] }]
    assert.equal(network.NetworkMode, networkMode)
    if (networkMode === 'bridge')
      assert.match(network.IPv4Addresses[0] ?? '', /^\d+\.\d+\.\d+\.\d+$/)
    assert.equal((Labels as Record<string, string>)['com.amazonaws.ecs.container-name'], 'web')
    assert.ok(Object.keys(Labels as object).every((label) => !label.startsWith('berth.')))
    const { Cluster, Containers, LaunchType, Limits: limits } = whole ?? {}
    assert.deepEqual(
      { Cluster, LaunchType, limits },
      {
        Cluster: 'default',
        LaunchType: 'EC2',
        limits: { CPU: 0.5, Memory: 64 },
      },
    )
    assert.equal((Containers as [{ DockerId: string }])[0].DockerId, DockerId)
    assert.equal(third?.['ContainerARN'], undefined)
    assert.equal(thirdTask?.['LaunchType'], undefined)
  }
})

test('statistics are those of Docker, with rates', LIMIT, async (context) => {
  const host = await start(context)
  const [one, all] = (await asked(host, [`${V4}/stats`, `${V4}/task/stats`])).map(
    (line) => JSON.parse(line) as Record<string, Record<string, unknown>>,
  )
  assert.ok(one?.['cpu_stats'] && one['precpu_stats'] && one['memory_stats'])
  assert.equal(typeof one['network_rate_stats']?.['rx_bytes_per_sec'], 'number')
  assert.ok(Object.values(all ?? {})[0]?.['cpu_stats'])
})

test('an address that is not its own gives a container nothing', LIMIT, async (context) => {
  const host = await start(context)
  const base = '${ECS_AGENT_URI%/api/*}'
  const guess = await asked(host, [`${base}/v4/guess/task`, `${base}/v2/credentials/guess`])
  assert.deepEqual(
    guess.filter((line) => line !== ''),
    [404, 400].map((status) => `wget: server returned error: HTTP/1.1 ${status} ${TEXT[status]}`),
  )
})

test('credentials are pushed, asked for, and gone after the end', LIMIT, async (context) => {
  const host = await start(context)
  const url = 'http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'
  const full = '${AWS_CONTAINER_CREDENTIALS_FULL_URI:-' + url + '}'
  const [line = ''] = await asked(host, [full], {}, { roleCredentials: ROLE })
  assert.deepEqual(JSON.parse(line), {
    RoleArn: ROLE.roleArn,
    AccessKeyId: ROLE.accessKeyId,
    SecretAccessKey: ROLE.secretAccessKey,
    Token: ROLE.sessionToken,
    Expiration: ROLE.expiration,
  })
  const acks = host.backend.acs.flatMap((frame) =>
    frame.type === 'IAMRoleCredentialsAckRequest' ? [frame.message.credentialsId] : [],
  )
  assert.deepEqual(acks, [ROLE.credentialsId])
  assert.ok(!host.lines.join('').includes(ROLE.secretAccessKey))
})

test('the endpoint comes back where containers know it', LIMIT, async (context) => {
  const host = await start(context)
  const asker = task([
    { name: 'web', image: IMAGE, memory: 32, command: ['sh', '-c', 'sleep 600'] },
    {
      name: 'ask',
      image: IMAGE,
      memory: 32,
      essential: false,
      restartPolicy: { enabled: true, restartAttemptPeriod: 0 },
      command: ['sh', '-c', `wget -qO- ${V4}/task`],
    },
  ])
  host.run(asker)
  await host.backend.status(asker.arn, 'RUNNING')
  const heard = async (): Promise<string> => {
    const containers = await host.containers()
    const ask = containers.find(
      ({ Labels }) => Labels['com.amazonaws.ecs.container-name'] === 'ask',
    )
    return outputOf(ask?.Id ?? '')
  }
  await host.stopAgent()
  const before = await heard()
  await host.startAgent()
  // A run that asked while nobody listened failed, so that the first answer may come to a later one.
  await until('it asked again after its restart', async () => {
    const since = (await heard()).slice(before.length)
    return /"RestartCount":[1-9]/.test(since) || undefined
  })
})
