/** The server's process: what it refuses to start with, how it ends, and what only its operator may ask. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { sign } from '#agent/sign.ts'
import { ecsApi } from '#cli/api.ts'
import { systemIds } from '#system/system.ts'

import { ACCOUNT_ID, House, KEYS, REGION, run, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-server-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: patient(60_000) }
const PROGRAM = join(import.meta.dirname, '../../src/berth.ts')
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true, server: ['--allow-reset'] })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

for (const [what, args, text] of [
  ['other machines without the option', ['--host', '0.0.0.0'], /--allow-remote/],
  ['other machines without TLS', ['--host', '0.0.0.0', '--allow-remote'], /TLS|--tls-cert/],
  ['half of TLS', ['--tls-cert', 'cert.pem'], /--tls-cert and --tls-key belong together/],
] as const)
  test(`the server refuses ${what}`, LIMIT, async () => {
    const fresh = join(house.root, `refused-${what.length}`)
    const { code, stderr } = await house.berth('server', '--data', fresh, '--port', '0', ...args)
    assert.equal(code, 1)
    assert.match(stderr, text)
    assert.doesNotMatch(stderr, /^\s+at /m)
  })

test('a port that is taken is said in one line', LIMIT, async () => {
  const { port } = new URL(house.endpoint)
  const fresh = join(house.root, 'port')
  const { code, stderr } = await house.berth('server', '--data', fresh, '--port', port)
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`port ${port} is in use: choose another with --port`))
})

test('tool sigv4 says ok to a valid case and why not to an altered one', LIMIT, async () => {
  const timestamp = '2026-01-02T03:04:05Z'
  const body = '{"a":1}'
  const url = 'https://ecs.us-east-1.amazonaws.com/'
  const signer = { region: REGION, credentials: KEYS, now: Date.parse(timestamp) }
  const headers = Object.entries(sign({ method: 'POST', url, body }, signer))
  const signing = (id: string, text: string): string =>
    JSON.stringify({
      id,
      context: {
        credentials: { access_key_id: KEYS.accessKeyId, secret_access_key: KEYS.secretAccessKey },
        normalize: true,
        service: 'ecs',
        timestamp,
      },
      signed: { method: 'POST', target: '/', headers, body: text },
    })
  const args = ['--disable-warning=ExperimentalWarning', PROGRAM, 'tool', 'sigv4']
  const cases = `${signing('valid', body)}\n${signing('altered', '{"a":2}')}\n`
  const { code, stdout, stderr } = await run(process.execPath, args, house.env, cases)
  assert.equal(code, 0, stderr)
  const [valid, altered, ...more] = stdout.trim().split('\n')
  assert.equal(valid, 'valid ok')
  assert.match(altered ?? '', /^altered InvalidSignatureException The request signature/)
  assert.deepEqual(more, [])
})

test(
  'account reset empties the account at once, and its tasks end on the engine',
  LIMIT,
  async () => {
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']
    await house.api('RegisterTaskDefinition', {
      family: 'reset',
      containerDefinitions: [{ name: 'app', image: IMAGE, memory: 16, command }],
    })
    await house.api('RunTask', { taskDefinition: 'reset', count: 2 })
    const running = async (count: number): Promise<true | undefined> => {
      const all = await house.containers()
      return all.filter(({ State }) => State === 'running').length === count || undefined
    }
    await until('two containers run', () => running(2))
    const begin = performance.now()
    const { code, stderr } = await house.berth('account', 'reset', ACCOUNT_ID, '--data', house.data)
    const ms = Math.round(performance.now() - begin)
    assert.equal(code, 0, stderr)
    const { clusterArns } = await house.api<{ clusterArns: string[] }>('ListClusters', {})
    assert.deepEqual(clusterArns, [])
    const { families } = await house.api<{ families: string[] }>('ListTaskDefinitionFamilies', {})
    assert.deepEqual(families, [])
    await until('no container runs', () => running(0))
    console.log(`account reset: ${ms} ms with the command line`)
  },
)

test('SIGTERM ends the server cleanly, and it starts again where it was', LIMIT, async () => {
  await house.api('CreateCluster', { clusterName: 'kept' })
  await house.server.end('SIGTERM')
  assert.equal(house.server.child.exitCode, 0)
  assert.match(house.server.lines.at(-1) ?? '', /the control plane has ended/)
  await house.startServer()
  const { clusterArns } = await house.api<{ clusterArns: string[] }>('ListClusters', {})
  assert.ok(clusterArns.some((arn) => arn.endsWith('cluster/kept')))
})

test('the machine key of a host may do nothing but a host`s work', LIMIT, async () => {
  const { stdout } = await house.berth('host', 'create', 'other', '--data', house.data)
  const script = `${stdout}\naws --endpoint-url ${house.endpoint} ecs list-clusters`
  const { code, stderr } = await run('sh', ['-c', script], house.env)
  if (/not found/.test(stderr)) return console.log('not run: aws (not found)')
  assert.notEqual(code, 0)
  assert.match(stderr, /AccessDeniedException/)
})

test(
  'a server alone has the cluster `default`, in the region that it is given',
  LIMIT,
  async () => {
    const bare = await House.start({ server: ['--region', 'eu-west-1'] })
    try {
      const api = ecsApi(bare.endpoint, 'eu-west-1', KEYS)
      const { clusterArns } = await api<{ clusterArns: string[] }>('ListClusters', {})
      assert.deepEqual(clusterArns, [`arn:aws:ecs:eu-west-1:${ACCOUNT_ID}:cluster/default`])
      const env = await bare.berth('env', '--data', bare.data)
      assert.match(env.stdout, /^export AWS_DEFAULT_REGION=eu-west-1 /m)
    } finally {
      await bare.stop()
    }
  },
)
