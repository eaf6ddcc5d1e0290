/**
 * Docker's own awslogs driver, as an unmodified Amazon agent uses it: a second Docker Engine that has credentials in its
 * environment writes to this server.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'

import { House, KEYS, REGION, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { docker, importImage } from './engine.fixture.ts'

const IMAGE = 'berth-awslogs-driver:1'
const LIMIT = { timeout: patient(120_000) }
const LINES = 20_000
/** Without a bridge of its own, even with none, it would take or remove that of this machine's engine. */
const BRIDGE = 'berth-driver0'
const OPTIONS = `--bridge ${BRIDGE} --iptables=false --ip-forward=false --ip-masq=false --storage-driver vfs`
const root = mkdtempSync(join(tmpdir(), 'berth-dockerd-'))
const socket = join(root, 'docker.sock')
let house: House
let engine: ChildProcess | undefined

const call = (method: string, path: string, body?: object): Promise<unknown> =>
  docker(method, path, body, socket)

/** Runs a container to its end, with these log options. */
async function run(options: object, script: string): Promise<void> {
  const { Id } = (await call('POST', '/containers/create', {
    Image: IMAGE,
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'awslogs', Config: options } },
  })) as { Id: string }
  try {
    await call('POST', `/containers/${Id}/start`)
    await call('POST', `/containers/${Id}/wait`)
  } finally {
    await call('DELETE', `/containers/${Id}?force=true`)
  }
}

before(async () => {
  // One that a killed run has left may be there.
  spawnSync('ip', ['link', 'delete', BRIDGE])
  execFileSync('ip', ['link', 'add', BRIDGE, 'type', 'bridge'])
  execFileSync('ip', ['address', 'add', '10.254.213.1/29', 'dev', BRIDGE])
  house = await House.start()
  const places = ['data-root', 'exec-root'].flatMap((name) => [`--${name}`, join(root, name)])
  engine = spawn(
    'dockerd',
    `-H unix://${socket} --pidfile ${join(root, 'pid')} ${OPTIONS}`.split(' ').concat(places),
    { env: house.env, stdio: 'ignore' },
  )
  await until('the second engine answers', () => call('GET', '/_ping').catch(() => undefined))
  await importImage(IMAGE, [], socket)
})
after(async () => {
  if (engine?.exitCode === null) {
    engine.kill('SIGTERM')
    await once(engine, 'exit')
  }
  await house?.stop()
  spawnSync('ip', ['link', 'delete', BRIDGE])
  rmSync(root, { recursive: true, force: true })
})

test('the driver makes its group and stream, and every line arrives once', LIMIT, async () => {
  const logs = new CloudWatchLogs({
    endpoint: house.endpoint,
    region: REGION,
    credentials: KEYS,
  })
  const group = { logGroupName: '/docker/own' }
  const options = {
    'awslogs-region': REGION,
    'awslogs-group': group.logGroupName,
    'awslogs-stream': 'p/c/t',
    'awslogs-create-group': 'true',
    'awslogs-endpoint': house.endpoint,
    mode: 'blocking',
  }
  const script = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "line $i"; done`
  try {
    await run(options, script)
    const found: string[] = []
    let nextToken: string | undefined
    for (;;) {
      const page = await logs.getLogEvents({
        ...group,
        logStreamName: 'p/c/t',
        startFromHead: true,
        nextToken,
      })
      found.push(...(page.events ?? []).map(({ message = '' }) => message))
      if (page.nextForwardToken === nextToken) break
      nextToken = page.nextForwardToken
    }
    assert.deepEqual(
      found,
      Array.from({ length: LINES }, (_, n) => `line ${n + 1}`),
    )
    const missing = { ...options, 'awslogs-group': 'none', 'awslogs-create-group': 'false' }
    await assert.rejects(run(missing, 'true'), /The specified log group does not exist/)
  } finally {
    logs.destroy()
  }
})
