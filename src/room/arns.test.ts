import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { arnsOf } from './arns.ts'

const HERE = { accountId: '111122223333', region: 'eu-west-1' }
const things = arnsOf('ecs', 'thing/{box}/{thing+}:{number}')

test('what is written is read again', () => {
  const part = fc.string({ minLength: 1 }).filter((text) => !/[:/]/.test(text))
  const long = fc.string({ minLength: 1 }).filter((text) => !text.includes(':'))
  fc.assert(
    fc.property(part, long, part, (box, thing, number) => {
      const text = things.write(HERE, { box, thing, number })
      assert.equal(text, `arn:aws:ecs:eu-west-1:111122223333:thing/${box}/${thing}:${number}`)
      assert.deepEqual(things.read(text, HERE), { ...HERE, box, thing, number })
    }),
  )
})

test('an ARN of another form, service, partition, account or region is not read', () => {
  const form = 'thing/a/b:1'
  assert.ok(things.read(`arn:aws:ecs:eu-west-1:111122223333:${form}`, HERE))
  for (const text of [
    '',
    form,
    `arn:aws:logs:eu-west-1:111122223333:${form}`,
    `arn:aws-cn:ecs:eu-west-1:111122223333:${form}`,
    `arn:aws:ecs:eu-west-1:444455556666:${form}`,
    `arn:aws:ecs:eu-west-2:111122223333:${form}`,
    `arn:aws:ecs:eu-west-1:111122223333:x${form}`,
    `arn:aws:ecs:eu-west-1:111122223333:${form}:2`,
    'arn:aws:ecs:eu-west-1:111122223333:thing/a:1',
    'arn:aws:ecs:eu-west-1:111122223333:thing//b:1',
    'arn:aws:ecs:eu-west-1:111122223333:thing/a/b',
  ])
    assert.equal(things.read(text, HERE), undefined, text)
  const elsewhere = { accountId: '444455556666', region: 'eu-west-2' }
  const there = things.write(elsewhere, { box: 'a', thing: 'b', number: '1' })
  assert.deepEqual(things.read(there), { ...elsewhere, box: 'a', thing: 'b', number: '1' })
})

test('what has no region names none', () => {
  const roles = arnsOf('iam', 'role/{roleName+}', { isGlobal: true })
  const text = roles.write(HERE, { roleName: 'path/to/role' })
  assert.equal(text, 'arn:aws:iam::111122223333:role/path/to/role')
  assert.equal(roles.read(text, HERE)?.roleName, 'path/to/role')
  assert.equal(roles.read(text.replace('::', ':eu-west-1:'), HERE), undefined)
})
