/** The command line as a user types it, from nothing to a task that answers and back. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { DockerEngine } from '#agent/docker/docker.ts'
import { systemClock } from '#system/system.ts'

import { type Credentials, ecsApi } from '../../src/cli/api.ts'
import { findBackground } from '../../src/cli/process.ts'
import { freePort } from '../parity/free-port.ts'
import { removeContainers, type Ran, run, startedAt, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { DOCKER_SOCKET, listContainers } from './engine.fixture.ts'
import { Begun } from './page.fixture.ts'

const PROGRAM = join(import.meta.dirname, '../../src/berth.ts')
const LIMIT = { timeout: patient(120_000) }
const root = mkdtempSync(join(tmpdir(), 'berth-up-'))
const data = join(root, 'data')
let port = 0

before(async () => {
  port = await freePort()
})
after(async () => {
  await berth('down', '--data', data)
  await removeContainers(data)
  rmSync(root, { recursive: true, force: true })
})

function environment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(AWS|BERTH|ECS)_/.test(name))
  return { ...Object.fromEntries(others), XDG_CONFIG_HOME: join(root, 'config'), AWS_PAGER: '' }
}

const berth = (...args: string[]): Promise<Ran> => berthWith({}, ...args)
const berthWith = (more: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
    ...environment(),
    ...more,
  })

const begin = (...args: string[]): Begun =>
  new Begun(
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
      env: environment(),
    }),
  )

async function up(): Promise<string> {
  const begin = Date.now()
  const ran = await berth('up', '--detach', '--data', data, '--port', String(port))
  assert.equal(ran.code, 0, ran.stdout + ran.stderr)
  console.log(`berth up: ${((Date.now() - begin) / 1000).toFixed(1)} s`)
  return ran.stdout
}

function containersMade() {
  const id = readFileSync(join(data, 'installation-id'), 'utf8').trim()
  return listContainers(`berth.installation=${id}`)
}

async function volumesMade(): Promise<readonly string[]> {
  const engine = new DockerEngine({ socketPath: DOCKER_SOCKET, clock: systemClock })
  const id = readFileSync(join(data, 'installation-id'), 'utf8').trim()
  return engine.volumes({ 'berth.installation': id }).finally(() => engine.close())
}

/** The hello task's containers, with when they began. */
async function hello(): Promise<string[]> {
  const containers = await containersMade()
  const running = containers.filter(({ State }) => State === 'running')
  return Promise.all(running.map(async ({ Id }) => `${Id} ${await startedAt(Id)}`))
}

async function pageOf(output: string): Promise<string> {
  const url = /it answers: (\S+)/.exec(output)?.[1]
  assert.ok(url, output)
  return (await fetch(url)).text()
}

test('up runs a task that answers; what runs stays through up, down and up', LIMIT, async () => {
  assert.match(await pageOf(await up()), /Hello from Berth/)
  const first = await hello()
  assert.equal(first.length, 1)

  const again = await up()
  assert.match(again, /already running/)
  assert.deepEqual(await hello(), first)

  const status = await berth('status', '--data', data)
  assert.equal(status.code, 0)
  assert.match(status.stdout, /agent connected, 1 running, 0 pending/)
  assert.match(status.stdout, /^task .* family:hello RUNNING$/m)

  const down = await berth('down', '--data', data)
  assert.match(down.stdout, /Berth has ended\./)
  assert.deepEqual(await hello(), first)
  const none = await berth('status', '--data', data)
  assert.equal(none.code, 3)

  assert.match(await pageOf(await up()), /Hello from Berth/)
  assert.deepEqual(await hello(), first)
})

for (const cli of ['aws', '/usr/bin/aws'])
  test(`env gives a shell what ${cli} needs`, LIMIT, async () => {
    const { code, stdout } = await berth('env', '--data', data)
    assert.equal(code, 0)
    const script = `${stdout}\n${cli === 'aws' ? 'aws' : `${cli} --endpoint-url "$AWS_ENDPOINT_URL"`} ecs list-clusters --output text`
    const shell = await run('sh', ['-c', script], environment())
    if (/not found/.test(shell.stderr)) return console.log(`not run: ${cli} (not found)`)
    assert.equal(shell.code, 0, shell.stderr)
    assert.match(shell.stdout, /cluster\/default/)
  })

test('account create prints exports that work, and refuses what is taken', LIMIT, async () => {
  const made = await berth('account', 'create', '--data', data, '--id', '222222222222')
  assert.equal(made.code, 0, made.stderr)
  const env = (await berth('env', '--data', data)).stdout
  const script = `${env}\n${made.stdout}\naws sts get-caller-identity --output text && aws ecs list-clusters`
  const shell = await run('sh', ['-c', script], environment())
  if (/not found/.test(shell.stderr)) console.log('not run: aws (not found)')
  else {
    assert.match(shell.stdout, /222222222222/)
    assert.doesNotMatch(shell.stdout, /cluster\/default/)
  }
  const twice = await berth('account', 'create', '--data', data, '--id', '222222222222')
  assert.equal(twice.code, 1)
  assert.equal(twice.stderr, 'berth: account 222222222222 exists already\n')
})

test(
  'a rotated or revoked key of this host is made anew by up; its tasks run on',
  LIMIT,
  async () => {
    const first = await hello()
    for (const order of ['rotate', 'revoke']) {
      const [line = ''] = (await berth('host', 'list', '--data', data)).stdout.split('\n')
      const [hostId = '', , , arn = ''] = line.split(/ +/)
      const { code, stderr } = await berth('host', order, hostId, '--data', data)
      assert.equal(code, 0, stderr)
      await up()
      const status = (await berth('status', '--data', data)).stdout
      assert.match(status, new RegExp(`${arn} ACTIVE, agent connected`))
      assert.deepEqual(await hello(), first)
    }
  },
)

test('account reset is refused where it was not allowed', LIMIT, async () => {
  const refused = await berth('account', 'reset', '222222222222', '--data', data)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /start it with --allow-reset/)
})

test('secrets are for their owner only, and not in the state', LIMIT, async () => {
  const secrets = ['root-keys.json', 'host-keys.json'].map((name) => {
    const file = join(data, name)
    assert.equal(statSync(file).mode & 0o777, 0o600, name)
    return (JSON.parse(readFileSync(file, 'utf8')) as { secretAccessKey: string }).secretAccessKey
  })
  assert.equal(statSync(data).mode & 0o777, 0o700)
  const state = readdirSync(data).filter((name) => name.startsWith('state.db'))
  assert.ok(state.length > 0)
  for (const name of [...state, join('log', 'server.log'), join('log', 'agent.log')])
    for (const secret of secrets)
      assert.ok(!readFileSync(join(data, name)).includes(secret), `${name} has a secret`)
})

test('a second server on the same data is refused by name', LIMIT, async () => {
  const second = await berth('server', '--data', data, '--port', '0')
  assert.equal(second.code, 1, second.stderr)
  assert.match(
    second.stderr,
    /^berth: another Berth server is using this data directory: process \d+, /m,
  )
  assert.doesNotMatch(second.stderr, /^\s+at /m)
  const { code } = await berth('status', '--data', data)
  assert.equal(code, 0, 'the first one goes on')
})

test('up that finds Berth running attaches, and leaves it running', LIMIT, async () => {
  const child = begin('up', '--data', data)
  await child.says(/Berth ran before and runs on when you press Ctrl-C/)
  const before = (await berth('status', '--data', data)).stdout
  assert.match(before, /agent connected/)
  assert.deepEqual(await child.end('SIGINT'), [0, null], child.said)
  assert.equal((await berth('status', '--data', data)).stdout, before)
})

for (const signal of ['SIGINT', 'SIGHUP'] as const)
  test(`up that has started Berth ends it at ${signal}; tasks stay`, LIMIT, async () => {
    await berth('down', '--data', data)
    const child = begin('up', '--data', data)
    await child.says(/Until you press Ctrl-C: the control plane and the agent; tasks stay/)
    assert.match(child.said, new RegExp(`http://127.0.0.1:${port}`), 'the port is the last one')
    assert.equal((await berth('status', '--data', data)).code, 0)
    assert.deepEqual(await child.end(signal), [0, null], child.said)
    assert.equal((await berth('status', '--data', data)).code, 3)
    assert.ok((await hello())[0], 'tasks stay')
  })

for (const [moment, line] of [
  ['while the control plane starts', /Docker Engine: /],
  ['while the agent starts', /cluster default: /],
] as const)
  test(`up that is interrupted ${moment} leaves nothing of it running`, LIMIT, async () => {
    await berth('down', '--data', data)
    const child = begin('up', '--detach', '--data', data)
    await child.says(line)
    assert.deepEqual(await child.end('SIGINT'), [130, null], child.said)
    assert.match(child.said, /interrupted: what was there before runs on, and so do tasks\n$/)
    assert.equal((await berth('status', '--data', data)).code, 3)
    for (const name of ['server', 'agent'])
      assert.equal(findBackground({ name, data }), undefined, child.said)
  })

test(
  'a log that has grown to its limit is put aside, and the process goes on writing',
  LIMIT,
  async () => {
    await berth('down', '--data', data)
    const logs = ['server.log', 'agent.log'].map((name) => join(data, 'log', name))
    for (const log of logs) writeFileSync(log, Buffer.alloc(10 << 20, 'x\n'))
    await up()
    for (const log of logs) {
      assert.ok(statSync(`${log}.1`).size > 10 << 20, `${log}.1`)
      assert.ok(statSync(log).size < 1 << 20, log)
      assert.equal(statSync(`${log}.1`).mode & 0o777, 0o600)
    }
  },
)

test('up ends only what it has started', LIMIT, async () => {
  await up()
  process.kill(findBackground({ name: 'agent', data })!, 'SIGTERM')
  await until('the agent has ended', () => !findBackground({ name: 'agent', data }) || undefined)
  const child = begin('up', '--data', data)
  await child.says(/Until you press Ctrl-C: the agent; tasks stay/)
  assert.deepEqual(await child.end('SIGINT'), [0, null], child.said)
  assert.equal(findBackground({ name: 'agent', data }), undefined)
  assert.equal((await berth('status', '--data', data)).code, 0, 'the control plane goes on')
  await up()
})

test('doctor finds what is needed', LIMIT, async () => {
  const { code, stdout } = await berth('doctor')
  assert.equal(code, 0, stdout)
  for (const name of ['Node.js', 'Docker Engine', 'busybox', 'aws CLI', 'data directory'])
    assert.ok(stdout.includes(name), name)
})

test(
  'down --tasks stops the tasks on the engine, and no service starts others',
  LIMIT,
  async () => {
    const keys = JSON.parse(readFileSync(join(data, 'root-keys.json'), 'utf8')) as Credentials
    const api = ecsApi(`http://127.0.0.1:${port}`, 'us-east-1', keys)
    const service = { serviceName: 'pages', taskDefinition: 'hello', desiredCount: 2 }
    await api('CreateService', service)
    type Described = { services: [{ runningCount: number }] }
    await until('the service runs', async () => {
      const { services } = await api<Described>('DescribeServices', { services: ['pages'] })
      return services[0].runningCount === 2 ? true : undefined
    })
    await api('RegisterTaskDefinition', {
      family: 'keeps',
      volumes: [{ name: 'v' }],
      containerDefinitions: [
        {
          name: 'app',
          image: 'berth/hello:latest',
          memory: 16,
          mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }],
        },
      ],
    })
    await api('RunTask', { taskDefinition: 'keeps' })
    await until('its volume is there', async () => (await volumesMade()).length > 0 || undefined)
    const { code, stdout, stderr } = await berth('down', '--tasks', '--data', data)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /stopping 4 tasks\n/)
    assert.deepEqual(await containersMade(), [], 'what ended is removed too')
    assert.deepEqual(await volumesMade(), [])
  },
)

test(
  'down --tasks ends what ran for a container instance that was deregistered',
  LIMIT,
  async () => {
    assert.match(await up(), /image berth\/hello:latest: already there/, 'it is not made anew')
    const keys = JSON.parse(readFileSync(join(data, 'root-keys.json'), 'utf8')) as Credentials
    const api = ecsApi(`http://127.0.0.1:${port}`, 'us-east-1', keys)
    await api('UpdateService', { service: 'pages', desiredCount: 0 })
    type Listed = { containerInstanceArns: string[] }
    const { containerInstanceArns } = await api<Listed>('ListContainerInstances', {})
    const [containerInstance] = containerInstanceArns
    await api('DeregisterContainerInstance', { containerInstance, force: true })
    assert.notEqual((await hello()).length, 0, 'nobody ends it')
    const { code, stdout, stderr } = await berth('down', '--tasks', '--data', data)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /stopping 0 tasks\n/)
    assert.deepEqual(await containersMade(), [])
  },
)

test('an agent that is refused ends and says why', LIMIT, async () => {
  await up()
  const args = ['agent', '--endpoint', `http://127.0.0.1:${port}`, '--data', join(root, 'refused')]
  const keys = { AWS_ACCESS_KEY_ID: 'AKIDUNKNOWN', AWS_SECRET_ACCESS_KEY: 'secret' }
  const { code, stderr } = await berthWith(keys, ...args)
  assert.equal(code, 1)
  assert.match(stderr, /berth: the agent could not start: .*UnrecognizedClientException/)
  const much = await berthWith({ ...keys, ECS_RESERVED_MEMORY: '999999999' }, ...args)
  assert.equal(much.code, 1)
  assert.match(much.stderr, /ECS_RESERVED_MEMORY is 999999999 MiB, and this host has/)
})

test('every command has help', LIMIT, async () => {
  const pages = [
    '',
    'up',
    'down',
    'status',
    'env',
    'doctor',
    'events',
    'server',
    'agent',
    'account',
  ]
  const deep = ['account create', 'account keys', 'account reset', 'host create', 'tool sigv4']
  await Promise.all(
    [...pages, ...deep].map(async (words) => {
      const { code, stdout } = await berth(...words.split(' ').filter(Boolean), '--help')
      assert.equal(code, 0, words)
      assert.match(stdout, /^Usage: berth/)
    }),
  )
  const unknown = await berth('fly')
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /unknown command 'fly'/)
})
