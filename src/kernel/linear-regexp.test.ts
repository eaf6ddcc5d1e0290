import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'

import fc from 'fast-check'

import { linearRegExp, RegExpRefused } from './linear-regexp.ts'

setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

/** Throws where V8's engine of linear time cannot run the expression. */
const LINEAR = 'l'
const inLinearTime = (expression: RegExp): RegExp => new RegExp(expression.source, LINEAR)

test('counts are written out, and mean the same', () => {
  for (const [source, yes, no] of [
    ['^[0-9a-f]{32}$', 'a'.repeat(32), 'a'.repeat(33)],
    ['^x{2,40}$', 'x'.repeat(40), 'x'.repeat(41)],
    ['^x{20,}$', 'x'.repeat(99), 'x'.repeat(19)],
    ['^(ab{2}){3}$', 'abbabbabb', 'abbabbab'],
    ['^(?:\\d{4}-){2}$', '2026-2027-', '2026-202-'],
    ['^(a|b)?c$', 'ac', 'abc'],
  ] as const) {
    const expression = linearRegExp(source)
    assert.ok(inLinearTime(expression).test(yes) && expression.test(yes), source)
    assert.ok(!expression.test(no), source)
  }
})

test('what the engine cannot run is refused', () => {
  for (const source of [
    '(a)\\1',
    '(?<n>a)\\k<n>',
    'a(?=b)',
    '(?<!a)b',
    '(?i:a)',
    '(a',
    'a)',
    '[a',
    'a{2,1}',
    'a{100000}',
    '((a{50}){50}){50}',
    '\\',
    '*',
    '('.repeat(200),
  ])
    assert.throws(() => linearRegExp(source), RegExpRefused, source)
})

test('an expression that was taken always runs in linear time, and as it would have', () => {
  const atom = fc.constantFrom('a', 'b', '.', '\\d', '[ab]', '[^a]', '1')
  const count = fc.constantFrom('', '*', '+', '?', '{3}', '{0,20}', '{2,}', '*?', '{17}')
  const part = fc.tuple(atom, count).map(([one, times]) => one + times)
  const group = fc
    .tuple(fc.array(part, { maxLength: 3 }), fc.constantFrom('', '*', '{2}', '?'))
    .map(([parts, times]) => `(${parts.join('')})${times}`)
  const source = fc.array(fc.oneof(part, group, fc.constant('|')), { maxLength: 5 })
  const text = fc.array(fc.constantFrom('a', 'b', '1'), { maxLength: 24 })
  fc.assert(
    fc.property(source, text, (parts, letters) => {
      const asked = parts.join('')
      const subject = letters.join('')
      let expression: RegExp
      try {
        expression = linearRegExp(asked)
      } catch (error) {
        assert.ok(error instanceof RegExpRefused)
        return
      }
      assert.equal(inLinearTime(expression).test(subject), new RegExp(asked).test(subject), asked)
    }),
    { numRuns: 300 },
  )
})

test('an expression made to backtrack for ever ends', () => {
  assert.ok(!linearRegExp('(x+x+)+y').test('x'.repeat(20_000)))
})
