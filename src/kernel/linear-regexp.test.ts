import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'

import fc from 'fast-check'

import { linearRegExp, RegExpRefused } from './linear-regexp.ts'

setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

/** Throws where V8's engine of linear time cannot run the expression. */
const LINEAR = 'l'
const inLinearTime = (expression: RegExp): RegExp =>
  new RegExp(expression.source, expression.flags + LINEAR)

/** In linear time and in V8's usual way. */
function means(cases: readonly (readonly [source: string, yes: string, no: string])[]): void {
  for (const [source, yes, no] of cases) {
    const expression = linearRegExp(source)
    assert.ok(inLinearTime(expression).test(yes) && expression.test(yes), source)
    assert.ok(!expression.test(no), source)
  }
}

function refuses(cases: readonly (readonly [source: string, why: RegExp])[]): void {
  for (const [source, message] of cases)
    assert.throws(() => linearRegExp(source), { name: 'RegExpRefused', message }, source)
}

test('counts are written out, and mean the same', () => {
  means([
    ['^[0-9a-f]{32}$', 'a'.repeat(32), 'a'.repeat(33)],
    ['^x{2,40}$', 'x'.repeat(40), 'x'.repeat(41)],
    ['^x{20,}$', 'x'.repeat(99), 'x'.repeat(19)],
    ['^(ab{2}){3}$', 'abbabbabb', 'abbabbab'],
    ['^(?:\\d{4}-){2}$', '2026-2027-', '2026-202-'],
    ['^(a|b)?c$', 'ac', 'abc'],
  ])
})

test('flags at the beginning and names of groups are those of Go', () => {
  means([
    ['(?i)^info', 'InFO x', 'warn'],
    ['(?i)^[a-dx]{3}[^k]\\x41\\.$', 'aDXja.', 'adxKa.'],
    ['(?i)é\\d[\\]\\w]', 'É1_', 'e1_'],
    ['(?si)^a.B$', 'A\nb', 'a\n\nb'],
    ['(?m)^b$', 'a\nb', 'ab'],
    ['(?U)^a+$', 'aa', 'ab'],
    ['^(?P<l>INFO|WARN) (?<_2>\\d)', 'WARN 1', 'warn 1'],
  ])
  refuses([
    ['(?i:a)', /the flags of \(\?i: .* at the very beginning/],
    ['a(?i)b', /the flags of \(\?i\) .* at the very beginning/],
    ['(?x)a', /the flags of \(\?x\)/],
    ['(?P=l)', /a group that begins with \(\?P= is not known/],
    ['(?=a)', /looking ahead/],
    ['(?<!a)', /looking ahead or behind/],
    ['(?i)[\\u0000-\\uffff]', /too large/],
  ])
})

test('what Go has and JavaScript has not means what it means in Go, or is refused', () => {
  means([
    ['^[[:digit:]]+$', '12', 'd:'],
    ['^[x[:upper:]-]+$', 'xA-', 'xa'],
    ['^[[:^digit:]]$', 'x', '1'],
    ['(?i)^[[:lower:]]$', 'Q', '1'],
    ['^[[:punct:]]+$', '!/[]^`{~', '1'],
    ['\\ASTART', 'START a', 'aSTART'],
    ['a\\z', 'ba', 'ab'],
    ['^\\Q[1]\\E x', '[1] x', '1 x'],
    ['^\\Qa.b\\E{2}$', 'a.bb', 'a.ba.b'],
    ['(?i)^\\Qa.b', 'A.Bcd', 'axb'],
    ['^[]\\[]$', ']', 'x'],
    ['^[^]a]$', 'b', ']'],
    ['^[a[]$', '[', 'x'],
    ['^\\a\\.\\-$', '\u0007.-', 'a.-'],
  ])
  refuses([
    ['^\\p{Lu}', /\\p is not possible/],
    ['\\PL', /\\P is not possible/],
    ['[\\p{Greek}]', /\\p is not possible/],
    ['\\x{10FFFF}', /\\x is not possible/],
    ['\\C', /\\C is not possible/],
    ['[\\Q]\\E]', /\\Q is not possible/],
    ['[[:^alpha:]]', /\[:\^alpha:\] is not possible/],
    ['[[:nobody:]]', /\[:nobody:\] is not possible/],
    ['(?m)\\Aa', /\\A is not possible together/],
  ])
})

test('both cases are found as the flag of JavaScript finds them', () => {
  const item = fc.constantFrom('a', 'K', 'q-t', 'X-c', '\\d', '\\]', '-', '1', 'é', '\\x4b')
  const part = fc.oneof(
    fc.constantFrom('a', 'B', '.', '\\.', '\\w', '\\x41', 'É'),
    fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => `[${items.join('')}]`),
    fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => `[^${items.join('')}]`),
  )
  const text = fc.array(fc.constantFrom(...'aAbBkKqQsSxXéÉ1]-._'.split('')), { maxLength: 3 })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 3 }), text, (parts, letters) => {
      const [asked, subject] = [`^${parts.join('')}$`, letters.join('')]
      let wanted: RegExp
      try {
        wanted = new RegExp(asked, 'i')
      } catch {
        return
      }
      assert.equal(linearRegExp(`(?i)${asked}`).test(subject), wanted.test(subject), asked)
    }),
    { numRuns: 2000 },
  )
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
