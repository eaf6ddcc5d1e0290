import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Fault } from '#kernel/fault.ts'

import { tagConditions, tagsIn, withoutTags } from './tags.ts'

const say = (code: string) => (what?: number | string) => new Fault(code, String(what))
const all = tagsIn({
  reserved: say('Reserved'),
  tooMany: say('TooMany'),
  tooManyAtOnce: say('TooManyAtOnce'),
  emptyKey: say('Empty'),
  longKey: say('LongKey'),
  longValue: say('LongValue'),
  characters: say('Characters'),
  twice: say('Twice'),
})
const few = tagsIn({ reserved: say('Reserved'), tooMany: say('TooMany') })
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ key: `k${from + n}`, value: 'v' }))

const broken: readonly (readonly [string, { key?: string; value?: string }[]])[] = [
  ['TooManyAtOnce', many(51)],
  ['Empty', [{ value: 'v' }]],
  ['Reserved', [{ key: 'AWS:x' }]],
  ['LongKey', [{ key: 'k'.repeat(129) }]],
  ['LongValue', [{ key: 'k', value: 'v'.repeat(257) }]],
  ['Characters', [{ key: 'k', value: '!' }]],
  ['Twice', [{ key: 'k' }, { key: 'k' }]],
]
for (const [code, tags] of broken)
  test(`a rule of tags: ${code}`, () => {
    assert.throws(() => all.check(tags), { code })
    assert.throws(() => all.check(tags.map(({ key: Key, value: Value }) => ({ Key, Value }))), {
      code,
    })
    if (code !== 'Reserved') few.check(tags)
  })

test('every form gets more, up to fifty of its own, and loses some', () => {
  all.check([{ key: 'a b', value: 'ä/=+-@' }])
  assert.deepEqual(all.add([{ key: 'a', value: '1' }, { key: 'b' }], [{ key: 'a', value: '2' }]), [
    { key: 'a', value: '2' },
    { key: 'b' },
  ])
  assert.deepEqual(all.add([{ Key: 'a', Value: '1' }], [{ Key: 'b', Value: '2' }]).length, 2)
  assert.deepEqual(all.add<Record<string, string>>({ a: '1' }, { b: '2' }), { a: '1', b: '2' })
  const full = [...many(50), { key: 'aws:own', value: '' }]
  assert.equal(all.add(full, many(50)).length, 51)
  assert.throws(() => all.add(full, many(1, 50)), { code: 'TooMany' })
  assert.deepEqual(withoutTags([{ key: 'a' }, { key: 'b' }], ['a', 'c']), [{ key: 'b' }])
  assert.deepEqual(withoutTags<Record<string, string>>({ a: '1', b: '2' }, ['b']), { a: '1' })
})

test('the conditions of a request that gives tags are the same in every form', () => {
  const conditions = { 'aws:RequestTag/a': '1', 'aws:RequestTag/b': '', 'aws:TagKeys': ['a', 'b'] }
  assert.deepEqual(tagConditions([{ key: 'a', value: '1' }, { key: 'b' }]), conditions)
  assert.deepEqual(tagConditions([{ Key: 'a', Value: '1' }, { Key: 'b' }]), conditions)
  assert.deepEqual(tagConditions({ a: '1', b: '' }), conditions)
})
