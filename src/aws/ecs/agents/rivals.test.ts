/** One host key in two hands, and what an agent's connections may cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ACCOUNT, type Answer, type As, faultOf, Host, House, turn } from '#server/house.fixture.ts'
import { noticesAfter } from '#store/notices.ts'

import { rivalRefusal } from './rivals.ts'
import { machineKeys, Teller } from './teller.fixture.ts'

const A = { installationId: 'a', bootId: '1' }

test('who is alive keeps the connection; who is silent, or says nothing of itself, does not', () => {
  const alive = { identity: A, heardAt: 1000 }
  for (const [holder, next, now, words] of [
    [undefined, A, 1000, undefined],
    [alive, A, 1000, undefined],
    [alive, { ...A, bootId: '2' }, 61_000, /on another machine, of whose disk .* heard 60 s ago/],
    [alive, { ...A, bootId: '2' }, 61_001, undefined],
    [alive, { ...A, installationId: 'b' }, 1000, /with another data directory/],
    [alive, undefined, 1000, /Another agent is connected with this host's key/],
    [{ identity: undefined, heardAt: 1000 }, A, 1000, undefined],
    [{ identity: undefined, heardAt: 1000 }, undefined, 1000, undefined],
  ] as const) {
    const said = rivalRefusal(holder, next, now)
    if (words) assert.match(said ?? '', words)
    else assert.equal(said, undefined)
  }
})

const conflicts = (house: House): readonly Answer[] =>
  house.server.store
    .read((tx) => noticesAfter(tx, 0, 1000))
    .map(({ notice }) => notice)
    .filter(({ detailType }) => detailType === 'ECS Agent Connection Conflict')

test('a second machine with the same key is refused with words and one event a minute, and takes over from a silent one', async () => {
  const house = await House.open()
  const first = await house.host()
  await first.disconnect()
  assert.equal(await first.connect(A), undefined)
  const clone = new Host(house, first.arn)
  for (let n = 0; n < 10; n++) {
    const refusal = (await clone.connect({ ...A, bootId: '2' })) ?? ''
    assert.match(refusal, /"ConflictException":"Another agent is connected .*berth host create/)
  }
  assert.equal(first.closed, undefined, 'the first is not disturbed')
  assert.equal(conflicts(house).length, 1)
  assert.deepEqual(conflicts(house)[0].resources, [first.arn])
  // Heartbeats are answered: that is being alive.
  for (let n = 0; n < 4; n++) {
    await house.clock.move(25_000)
    await first.say('HeartbeatAckRequest', { messageId: 'm' })
    assert.ok(await clone.connect({ ...A, bootId: '2' }))
  }
  assert.equal(conflicts(house).length, 2)
  assert.equal(await new Host(house, first.arn).connect(A), undefined, 'the same one comes back')
  await house.clock.move(61_000)
  assert.equal(await clone.connect({ ...A, bootId: '2' }), undefined, 'the other is silent')
})

test('a second agent changes nothing of a host whose agent is alive, until that is silent', async () => {
  const house = await House.open()
  await house.call('CreateCluster')
  const as = { principal: { type: 'host', accountId: ACCOUNT, hostId: 'h' } } as const
  const own = (arn: string) => ({ principal: { ...as.principal, containerInstanceArn: arn } })
  const register = (principal: As, containerInstanceArn?: string): Promise<Answer> =>
    house.call('RegisterContainerInstance', { containerInstanceArn }, principal)
  const { containerInstanceArn: arn } = (await register(as)).containerInstance
  const host = new Host(house, arn)
  assert.equal(await host.connect(A), undefined)
  const { revision } = house.server.store
  assert.match(await faultOf(register(own(arn))), /^ClientException: Another agent is connected/)
  assert.equal(house.server.store.revision, revision)
  await register(own(arn), arn)
  await house.clock.move(100_000)
  assert.equal(await faultOf(register(own(arn))), 'no fault', 'the other is silent')
  await host.say('HeartbeatAckRequest', { messageId: 'm' })
  assert.match(await faultOf(register(own(arn))), /another data directory/, 'it is heard again')
  await host.disconnect()
  assert.equal(await faultOf(register(own(arn))), 'no fault', 'it lost its state and comes back')
  await host.connect(A)
  // A server that starts anew has no connection of anybody.
  const again = await House.open(house.log, house.clock)
  await turn()
  assert.equal(await faultOf(again.call('RegisterContainerInstance', {}, own(arn))), 'no fault')
})

test('of agents that say no identity the newer wins, and the operator hears when that happens often', async () => {
  const house = await House.open()
  const first = await house.host()
  const second = new Host(house, first.arn)
  for (let n = 0; n < 4; n++) await (n % 2 === 0 ? second : first).connect()
  assert.equal(conflicts(house).length, 0)
  await second.connect()
  assert.match(conflicts(house)[0].detail.reason, /taken over 5 times in 10 minutes/)
  assert.equal(first.closed?.reason, 'ConnectionReplaced')
})

test('a few frames that cannot be read close the connection', async () => {
  const house = await House.open()
  const host = await house.host()
  for (let n = 0; n < 4; n++) await host.sayText('{')
  assert.equal(host.closed, undefined)
  await host.sayText('{"type":"AckRequest","message":{"messageId":7}}')
  assert.deepEqual(host.closed, { code: 1008, reason: 'Too many frames cannot be read.' })
})

test('a host has one telemetry connection, which ends when nothing is said for long', async () => {
  const house = await House.open()
  const { arn } = await house.host()
  const keys = await machineKeys(house)
  const first = new Teller(house, arn, keys)
  const second = new Teller(house, arn, keys)
  assert.deepEqual([first.closed, second.closed], [1000, undefined])
  const status = {
    metadata: { cluster: 'default', containerInstance: 'c', requestId: 'r' },
    statuses: [],
    timestamp: 0,
  }
  for (let n = 0; n < 4; n++) {
    await house.clock.move(290_000)
    await second.say('PublishInstanceStatusRequest', status)
  }
  assert.equal(second.closed, undefined)
  await house.clock.move(350_000)
  assert.equal(second.closed, 1000)
})
