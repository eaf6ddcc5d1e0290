import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { SCAN_STEPS_MAX } from '#files/storage.ts'
import { linearRegExp } from '#kernel/linear-regexp.ts'

import { compilePattern, PatternError } from './pattern.ts'

/** Pattern, what it finds, what it does not. */
type Case = readonly [string, readonly string[], readonly string[]]

const APACHE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
const TRAIL = JSON.stringify({
  eventType: 'UpdateTrail',
  sourceIPAddress: '111.111.111.111',
  arrayKey: ['value', 'another value'],
  objectList: [
    { name: 'a', id: 1 },
    { name: 'b', id: 2 },
  ],
  SomeObject: null,
  ThisFlag: true,
  latency: 12.5,
  code: '404',
  'a.b': 'dotted',
})

const cases: readonly Case[] = [
  ['', ['anything', ''], []],
  ['   ', ['anything'], []],
  ['ERROR', ['[ERROR 400] BAD REQUEST', 'xERRORx'], ['error', '']],
  ['ERROR REQUEST', ['[ERROR 400] BAD REQUEST'], ['ERROR', 'REQUEST']],
  ['?ERROR ?WARN', ['ERROR', 'a WARN b'], ['INFO']],
  ['?ERROR WARN', ['WARN'], ['ERROR']],
  ['ERROR -EXITING', ['ERROR 1'], ['ERROR EXITING', 'INFO']],
  ['-"no such"', ['fine'], ['there is no such thing']],
  ['"INTERNAL SERVER ERROR"', ['an INTERNAL SERVER ERROR'], ['INTERNAL ERROR']],
  ['"say \\"hi\\""', ['to say "hi"'], ['to say hi']],
  ['"a-b" ?c', ['a-b'], ['c']],
  ['"ORDER-1" "a.b@example.com"', ['ORDER-1 a.b@example.com'], ['ORDER 1 a.b@example.com']],
  ['%AUTHORIZED%', ['UNAUTHORIZED'], ['authorized']],
  ['%^[0-9a-f]{20}$%', ['0123456789abcdef0123'], ['0123456789abcdef012']],
  ['%colou?r% fast', ['fast color'], ['slow colour', 'fast']],
  ['-%\\d\\d%', ['a 1'], ['a 12']],
  ['{ $.eventType = "UpdateTrail" }', [TRAIL], ['{}', 'UpdateTrail', '{"eventType":"x"}', '{']],
  ['{ $.eventType = UpdateTrail }', [TRAIL], []],
  ['{ $.eventType = Update* }', [TRAIL], ['{"eventType":"NoUpdate"}']],
  ['{ $.sourceIPAddress != 123.123.* }', [TRAIL], ['{"sourceIPAddress":"123.123.1.1"}', '{}']],
  ['{ $.arrayKey[0] = "value" }', [TRAIL], ['{"arrayKey":["x","value"]}', '{"arrayKey":"value"}']],
  ['{ $.objectList[1].id = 2 }', [TRAIL], ['{"objectList":[{"id":2}]}']],
  ['{ $.objectList[*].id = 2 }', [TRAIL, '{"objectList":[{"id":2}]}'], ['{"objectList":[]}']],
  ['{ $.SomeObject IS NULL }', [TRAIL], ['{}', '{"SomeObject":1}']],
  ['{ $.SomeOtherObject NOT EXISTS }', [TRAIL], ['{"SomeOtherObject":null}']],
  ['{ $.ThisFlag IS TRUE }', [TRAIL], ['{"ThisFlag":"true"}']],
  ['{ $.ThisFlag IS FALSE }', ['{"ThisFlag":false}'], [TRAIL]],
  ['{ $.latency > 12 && $.latency <= 1.25e1 }', [TRAIL], ['{"latency":13}', '{"latency":"x"}']],
  ['{ $.code = 404 }', [TRAIL, '{"code":404.0}'], ['{"code":4040}']],
  ["{ $['a.b'] = dotted }", [TRAIL], []],
  ['{ $.eventType = %Trail$% }', [TRAIL], ['{"eventType":"Trail2"}']],
  [
    '{ ($.a = 1 || $.b = 2) && $.c != "x" }',
    ['{"a":1,"c":"y"}', '{"b":2,"c":"y"}'],
    ['{"a":1}', '{"c":"y"}', '{"a":1,"c":"x"}'],
  ],
  ['{ $.a = 1 || $.b = 2 && $.c = 3 }', ['{"a":1}', '{"b":2,"c":3}'], ['{"b":2}']],
  ['[ip, id, user, timestamp, request, status_code, size]', [APACHE], ['a b', `${APACHE} more`]],
  ['[ip, id, user, timestamp, request, status_code = 404, size]', [APACHE], []],
  ['[ip, id, user, timestamp, request =*.html*, status_code = 4*, size]', [APACHE], []],
  ['[..., status_code=4*, size > 1000]', [APACHE], [APACHE.replace('1534', '534')]],
  ['[ip = 127.0.0.1, ..., size != 1534]', [APACHE.replace('1534', '1')], [APACHE]],
  ['[w1 = ERROR && w1 != %X%, w2]', ['ERROR 1'], ['ERRORX 1', 'ERROR']],
  ['[w1=ERROR || w1=WARN, ...]', ['WARN a b', 'ERROR'], ['INFO a', '']],
  ['[,,user=frank,...]', [APACHE], ['a b c']],
]

for (const [pattern, found, notFound] of cases)
  test(`pattern ${pattern === '' ? 'of nothing' : pattern}`, () => {
    const { matches } = compilePattern(pattern)
    for (const message of found) assert.ok(matches(message), `finds ${message}`)
    for (const message of notFound) assert.ok(!matches(message), `does not find ${message}`)
  })

test('a pattern is as large as all that it compares together', () => {
  const sizeOf = (pattern: string): number => compilePattern(pattern).size
  const [one, other] = [linearRegExp('a+b').size, linearRegExp('[0-9]{30}').size]
  assert.deepEqual(
    ['ERROR', '%a+b%', '{ $.a = %a+b% && $.b != %[0-9]{30}% }', '[x = %[0-9]{30}%, y]'].map(sizeOf),
    [1 / 8, one, one + other, other],
  )
})

test('a message is looked at as far as a whole read may', () => {
  const source = '[ab]{0,470}c$'
  const end = Math.floor(SCAN_STEPS_MAX / linearRegExp(source).size)
  const { matches } = compilePattern(`%${source}%`)
  assert.ok(matches(`${'x'.repeat(end - 1)}c`))
  assert.ok(!matches(`${'x'.repeat(end)}c`))
})

test('numbers and texts count too: whoever compares much looks at less in one read', () => {
  const sizeOf = (pattern: string) => compilePattern(pattern).size
  assert.equal(sizeOf(''), 0)
  for (const one of ['a', '{ $.a > 1 }', '[a=x*]']) assert.ok(sizeOf(one) > 0, one)
  assert.equal(sizeOf('[(a>1||a>2||a>3||a>4)]'), 4 * sizeOf('[a>1]'))
  assert.equal(sizeOf('{ $.a = 1 && $.b = 2 }'), 2 * sizeOf('{ $.a = 1 }'))
  assert.equal(sizeOf('a b ?c -d'), 4 * sizeOf('a'))
})

test('what is longer than any number is none', () => {
  const digits = '1'.repeat(1024)
  const { matches } = compilePattern('[a > 1]')
  assert.ok(matches(digits))
  assert.ok(!matches(`${digits}1`))
  for (const number of ['2.', '2.5', '+2', '2e1', '2.e1']) assert.ok(matches(number), number)
})

test('what is no pattern is refused', () => {
  for (const pattern of [
    '"open',
    '%open',
    '%a!%',
    '%(a)%',
    '%%',
    '%a% %b% %c%',
    '{ $.a = }',
    '{ $.a }',
    '{ a = 1 }',
    '{ $.a = 1 ',
    '{ $.a = 1 } x',
    '{ $.a > x }',
    '{ ($.a = 1 }',
    `{ ${'('.repeat(200)}`,
    '[a, ..., b, ...]',
    '[a = ]',
    '[a',
    '[a] b',
    '[a > x]',
  ])
    assert.throws(() => compilePattern(pattern), PatternError, pattern)
})

test('a term of more than letters, digits and underscores needs quotes', () => {
  for (const [pattern, strange] of [
    ['ORDER-ITEM-1', '-'],
    ['a.b@example.com', '.'],
    ['email@example', '@'],
    ['ERROR !(x', '!('],
    ['-?Status:', '?'],
    ['?Status: timeout', ':'],
    ['größe', 'öß'],
    ['ERROR ""', '""'],
  ] as const)
    assert.throws(() => compilePattern(pattern), {
      name: 'PatternError',
      message: `Invalid character(s) in term '${strange}'`,
    })
})

test('any text is a pattern or refused, and no message breaks one', () => {
  const sign = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '$',
    '.',
    'a',
    '=',
    ' ',
    '"',
    '%',
    '?',
    '-',
    ',',
    '&',
    '|',
    '(',
    ')',
    '1',
    '*',
  )
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 20 }), fc.string(), (signs, message) => {
      try {
        const { matches } = compilePattern(signs.join(''))
        for (const each of [message, '{"a":1}', 'a 1'])
          assert.equal(typeof matches(each), 'boolean')
      } catch (error) {
        assert.ok(error instanceof PatternError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('what opens and is not closed is a word, and is not looked for again and again', () => {
  const looked: number[] = []
  const message = '[ "'.repeat(1000)
  const counted = new Proxy(Object(message) as object, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown
      if (name === 'indexOf') looked.push(1)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  }) as unknown as string
  const { matches } = compilePattern('[a, ...]')
  assert.equal(matches(counted), true)
  // Every quote but the last is closed by the next.
  assert.ok(looked.length <= 1000)
  assert.equal(compilePattern('[a, b, c]').matches('[x y] "z w" v'), true)
  assert.equal(compilePattern('[a, b]').matches('[x "y'), true)
  assert.equal(compilePattern('[a = "x y", b]').matches('[x y]z'), true)
})
