/**
 * A data directory that release 0.1 made, hosts and services among it, opens in this release and goes on: what was kept is
 * there, the host is the one it was, and its services run. The directory is test/data/release-0.1.tar.gz: made once by that
 * release on another machine, never made anew.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { type Credentials, ecsApi } from '../../src/cli/api.ts'
import { freePort } from '../parity/free-port.ts'
import { type Ran, removeContainers, run, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage } from './engine.fixture.ts'

const PROGRAM = join(import.meta.dirname, '../../src/berth.ts')
const RELEASE = join(import.meta.dirname, '../data/release-0.1.tar.gz')
const LIMIT = { timeout: patient(180_000) }
const root = mkdtempSync(join(tmpdir(), 'berth-old-'))
const data = join(root, 'data')
/** The image that its task definitions name: any that has what their command needs. */
const IMAGE = 'berth/hello:latest'

after(async () => {
  await berth('down', '--data', data)
  await removeContainers(data)
  rmSync(root, { recursive: true, force: true })
})

function berth(...args: string[]): Promise<Ran> {
  const others = Object.entries(process.env).filter(([name]) => !/^(AWS|BERTH|ECS)_/.test(name))
  const env = { ...Object.fromEntries(others), XDG_CONFIG_HOME: join(root, 'config') }
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], env)
}

type Service = { readonly serviceName: string; readonly runningCount: number }

test('a data directory of release 0.1 opens and goes on', LIMIT, async () => {
  execFileSync('tar', ['-xzf', RELEASE, '-C', root])
  cpSync(join(root, 'home/.config'), join(root, 'config'), { recursive: true })
  await importImage(IMAGE, ['LABEL berth.local=true'])
  const port = await freePort()
  const up = await berth('up', '--detach', '--no-demo', '--data', data, '--port', String(port))
  assert.equal(up.code, 0, up.stdout + up.stderr)

  const keys = JSON.parse(readFileSync(join(data, 'root-keys.json'), 'utf8')) as Credentials
  const endpoint = `http://127.0.0.1:${port}`
  const ecs = ecsApi(endpoint, 'us-east-1', keys)
  await until('the services of before run again', async () => {
    const { services } = await ecs<{ services: Service[] }>('DescribeServices', {
      services: ['web', 'each', 'sets'],
    })
    return services.map(({ runningCount }) => runningCount).join() === '2,1,1' ? true : undefined
  })
  const asked = (operation: string, input: object = {}) =>
    ecs<Record<string, readonly string[]>>(operation, input)
  const names = async (operation: string, member: string, input?: object) =>
    (await asked(operation, input))[member]?.map((arn) => arn.split('/').at(-1)).toSorted()
  assert.deepEqual(await names('ListClusters', 'clusterArns'), ['default', 'other'])
  assert.deepEqual(await names('ListServices', 'serviceArns'), ['each', 'sets', 'web'])
  assert.deepEqual(await names('ListContainerInstances', 'containerInstanceArns'), [
    '2662030a45c1b72fe48142be24a70a25',
  ])
  assert.deepEqual(await names('ListTaskDefinitions', 'taskDefinitionArns'), ['web:1', 'web:2'])
  const { attributes } = await ecs<{ attributes: object[] }>('ListAttributes', {
    targetType: 'container-instance',
    attributeName: 'stack',
  })
  assert.equal(attributes.length, 1)
  const host = await berth('host', 'list', '--data', data)
  assert.match(host.stdout, /2662030a45c1b72fe48142be24a70a25/, 'its key is bound as it was')
  const events = await berth('events', '--data', data)
  assert.match(events.stdout, /"detail-type":"ECS Task State Change"/, 'what it told is told still')

  const aws = await run(
    'aws',
    ['logs', 'get-log-events', '--log-group-name', '/web', '--log-stream-name', 's'],
    {
      PATH: process.env['PATH'],
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: endpoint,
      AWS_PAGER: '',
    },
  )
  assert.match(aws.stdout, /"message": "kept"/, aws.stderr)

  await ecs('UpdateService', { service: 'web', forceNewDeployment: true })
  type Deployment = { readonly status: string; readonly runningCount: number }
  await until('its new deployment runs', async () => {
    const { services } = await ecs<{ services: { deployments: Deployment[] }[] }>(
      'DescribeServices',
      { services: ['web'] },
    )
    const primary = services[0]?.deployments.find(({ status }) => status === 'PRIMARY')
    return primary?.runningCount === 2 ? true : undefined
  })
  assert.equal((await berth('down', '--data', data)).code, 0)
})
