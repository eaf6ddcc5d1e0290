import assert from 'node:assert/strict'
import { test } from 'node:test'

import { faultOf, House, OTHER_ACCOUNT, REGION } from '#server/house.fixture.ts'

import { groupKey } from './names.ts'
import { LOG_GROUPS_MAX } from './operations/CreateLogGroup.ts'
import { logGroups } from './records.ts'

const COMMIT_MAX = 1000

test('an account has so many log groups in a region and no more', async () => {
  const house = await House.open()
  const caller = house.caller()
  const create = (logGroupName: string, as: object = {}) =>
    faultOf(house.callOf('logs', 'CreateLogGroup', { logGroupName }, as))
  for (let made = 0; made < LOG_GROUPS_MAX - 1; made += COMMIT_MAX)
    house.server.store.transact((tx) => {
      for (let at = made; at < Math.min(made + COMMIT_MAX, LOG_GROUPS_MAX - 1); at++) {
        const { tenant, accountId, region } = caller
        const logGroupName = `g-${at}`
        const group = { logGroupName, groupId: `i-${at}`, creationTime: 0, tags: {} }
        tx.put(logGroups, groupKey(caller, logGroupName), { tenant, accountId, region, ...group })
      }
    })
  const full = 'LimitExceededException: Resource limit exceeded.'
  assert.equal(await create('last'), 'no fault')
  assert.equal(await create('more'), full)
  assert.match(await create('last'), /^ResourceAlreadyExistsException/)
  assert.equal(await create('more', { region: 'eu-west-1' }), 'no fault')
  assert.equal(await create('more', { accountId: OTHER_ACCOUNT }), 'no fault')
  await house.callOf('logs', 'DeleteLogGroup', { logGroupName: 'g-7' })
  assert.equal(await create('more'), 'no fault')
  assert.equal(await create('g-7'), full)
  const again = await House.open(house.log, house.clock)
  const refused = again.callOf(
    'logs',
    'CreateLogGroup',
    { logGroupName: 'g-7' },
    { region: REGION },
  )
  assert.equal(await faultOf(refused), full, 'they are counted after a restart too')
})
