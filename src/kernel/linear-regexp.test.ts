import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { linearRegExp, RegExpRefused } from './linear-regexp.ts'

function means(cases: readonly (readonly [source: string, yes: string, no: string])[]): void {
  for (const [source, yes, no] of cases) {
    const expression = linearRegExp(source)
    assert.ok(expression.test(yes), source)
    assert.ok(!expression.test(no), source)
  }
}

test('its language is that of Go', () => {
  means([
    ['^[0-9a-f]{32}$', 'a'.repeat(32), 'a'.repeat(33)],
    ['^(?:\\d{4}-){2}$', '2026-2027-', '2026-202-'],
    ['(?i)^info', 'InFO x', 'warn'],
    ['a(?i)b', 'aB', 'AB'],
    ['(?si)^a.B$', 'A\nb', 'a\n\nb'],
    ['(?m)^b$', 'a\nb', 'ab'],
    ['(?m)\\Aa', 'a\nb', 'b\na'],
    ['^(?P<l>INFO|WARN) (?<_2>\\d)', 'WARN 1', 'warn 1'],
    ['^[[:digit:]]+$', '12', 'd:'],
    ['[[:^alpha:]]', '1', 'a'],
    ['^\\p{Lu}', 'É', 'é'],
    ['\\ASTART', 'START a', 'aSTART'],
    ['a\\z', 'ba', 'ab'],
    ['^\\Q[1]\\E x', '[1] x', '1 x'],
    ['^[]\\[]$', ']', 'x'],
    ['^\\x{1F600}$', '😀', 'x'],
  ])
})

test('what would take more than the text and the expression, or is none, is refused', () => {
  for (const source of [
    '(a)\\1',
    '(?<n>a)\\k<n>',
    'a(?=b)',
    '(?<!a)b',
    '(a',
    'a)',
    '[a',
    'a{2,1}',
    'a{100000}',
    '((a{50}){50}){50}',
    '(?:a{20}){50}',
    '\\',
    '*',
    '\\Z',
    '('.repeat(2000),
    'a'.repeat(1001),
    `(?i)[${'\\PL'.repeat(11)}]`,
    '\\pL|'.repeat(11),
    `(?i)[${'a-\\x{ffff}'.repeat(11)}]`,
    `(?i)[${'a-\uffff'.repeat(11)}]`,
    '.{600}[b{600}]{600}',
  ])
    assert.throws(() => linearRegExp(source), RegExpRefused, source.slice(0, 20))
})

test('each text is compiled once, while it is among the last', () => {
  const first = linearRegExp('^once$')
  assert.equal(linearRegExp('^once$'), first)
  for (let n = 0; n < 200; n++) linearRegExp(`^other ${n}$`)
  assert.notEqual(linearRegExp('^once$'), first)
})

/** How often the engine looks at a character of a text. */
function looks(source: string, length: number): number {
  let count = 0
  const bytes = new Proxy(
    Array.from({ length }, () => 'a'.charCodeAt(0)),
    {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) count += 1
        return Reflect.get(target, name) as unknown
      },
    },
  )
  // The engine takes bytes as well as texts, by the same way.
  linearRegExp(source).test(bytes as unknown as string)
  return count
}

test('each character is looked at a few times, however the expression is made', () => {
  for (const source of [
    'a+b',
    '(a+a+)+b',
    '(.*)(.*)(.*)x$',
    'a{1,100}a{1,100}b',
    '(a|aa)*$x',
    '\\ba+\\b!',
    '(a|b)*a(a|b){300}[cd]',
  ])
    for (const length of [1000, 10_000])
      assert.ok(looks(source, length) <= 4 * length, `${source} on ${length}`)
})

test('it finds what V8 finds, where both have one language', () => {
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
      const [asked, subject] = [parts.join(''), letters.join('')]
      assert.equal(linearRegExp(asked).test(subject), new RegExp(asked).test(subject), asked)
    }),
    { numRuns: 500 },
  )
})
