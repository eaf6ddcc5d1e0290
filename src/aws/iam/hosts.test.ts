/** Machine keys as the operator handles them: list, rotate, revoke. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { asJson, KEY, sign } from '#gateway/gateway.fixture.ts'
import type { Keys } from '#room/guard.ts'
import { serveAdmin } from '#server/admin.ts'
import { ACCOUNT, type Answer, Host, House, turn } from '#server/house.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-hosts-'))
after(() => rmSync(folder, { recursive: true }))

async function opened(name: string) {
  const house = await House.open()
  const { store, operators, gateway } = house.server
  const path = join(folder, name)
  const admin = await serveAdmin(path, { store, operators, clock: house.clock, about: {} })
  after(() => admin.close())
  const order = (command: string, asked: object): Promise<Answer> =>
    new Promise((done, failed) => {
      const call = request({ socketPath: path, path: command, method: 'POST' }, (response) => {
        let text = ''
        response.on('data', (part: Buffer) => (text += part.toString()))
        response.on('end', () => done(JSON.parse(text)))
      })
      call.on('error', failed)
      call.end(JSON.stringify({ accountId: ACCOUNT, ...asked }))
    })
  const ask = async (keys: Keys, operation: string, input: object): Promise<Answer> => {
    const at = house.clock.now()
    const signed = await sign({ ...asJson(operation, input), key: { ...KEY, ...keys }, at })
    return JSON.parse(String((await gateway.answer(signed)).body))
  }
  await house.call('CreateCluster')
  return { house, order, ask }
}

/** Joins with the key; its connection is of the machine's own principal. */
async function joined({ house, ask }: Awaited<ReturnType<typeof opened>>, keys: Keys) {
  const answer = await ask(keys, 'RegisterContainerInstance', { cluster: 'default' })
  const { containerInstance } = answer
  assert.ok(containerInstance, JSON.stringify(answer))
  const containerInstanceArn = containerInstance.containerInstanceArn as string
  const principal = {
    type: 'host',
    accountId: ACCOUNT,
    hostId: 'web',
    containerInstanceArn,
  } as const
  const host = new Host(house, containerInstanceArn, { principal })
  assert.equal(await host.connect(), undefined)
  return host
}

test('a key that is revoked ends at once, with its connections, and nothing of the host is touched', async () => {
  const at = await opened('revoke')
  const keys = (await at.order('/host/create', { hostId: 'web' })) as Keys
  const host = await joined(at, keys)
  assert.deepEqual(await at.order('/host/list', {}), {
    hosts: [
      {
        hostId: 'web',
        accessKeyId: keys.accessKeyId,
        createdAt: at.house.clock.now(),
        containerInstanceArn: host.arn,
      },
    ],
  })
  assert.deepEqual(await at.order('/host/revoke', { hostId: 'web' }), {
    revoked: 1,
    containerInstanceArn: host.arn,
  })
  await turn()
  assert.equal(host.closed?.code, 1000)
  const refused = await at.ask(keys, 'DiscoverPollEndpoint', {})
  assert.equal(refused.__type, 'UnrecognizedClientException')
  const { containerInstances } = await at.house.call('DescribeContainerInstances', {
    containerInstances: [host.arn],
  })
  assert.deepEqual(
    [containerInstances[0].status, containerInstances[0].agentConnected],
    ['ACTIVE', false],
  )
  assert.match((await at.order('/host/revoke', { hostId: 'web' })).error, /no machine key/)
  assert.deepEqual(await at.order('/host/list', {}), { hosts: [] })
})

test('a rotated key is the same container instance; the old one ends', async () => {
  const at = await opened('rotate')
  const old = (await at.order('/host/create', { hostId: 'web' })) as Keys
  const host = await joined(at, old)
  const fresh = (await at.order('/host/rotate', { hostId: 'web' })) as Keys
  await turn()
  assert.equal(host.closed?.code, 1000)
  assert.equal(
    (await at.ask(old, 'DiscoverPollEndpoint', {})).__type,
    'UnrecognizedClientException',
  )
  assert.equal((await joined(at, fresh)).arn, host.arn)
  assert.match((await at.order('/host/rotate', { hostId: 'other' })).error, /no machine key/)
})

test('a deregistration by force leaves the key, which makes a container instance anew', async () => {
  const at = await opened('forced')
  const keys = (await at.order('/host/create', { hostId: 'web' })) as Keys
  const host = await joined(at, keys)
  await at.house.call('DeregisterContainerInstance', { containerInstance: host.arn, force: true })
  assert.notEqual((await joined(at, keys)).arn, host.arn)
})
