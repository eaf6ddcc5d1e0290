/**
 * Every regular expression of the house takes time in proportion to its input, whatever the input is made of. Those that do
 * not are listed, with what keeps their input short.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

/** By source, without slashes and flags: where its input has a limit, and which. */
const SHORT: Readonly<Record<string, string>> = {}

/** A literal, after a sign that no division follows. */
const LITERAL =
  /(?<=[=(,:?&|![\s])\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*)\/([dgimsuvy]*)/g
/** Nobody sends to the simulation; the generated contract has none of its own. */
const NOT_READ = ['src/sim/**', 'src/contract/**', '**/*.{test,suite,fixture}.ts']
const PUMPED: readonly string[] = [
  ...Buffer.from('0aA /.:-_=,"\'[(%\\@#\n\t<&+', 'latin1')
    .values()
    .map((code) => String.fromCharCode(code)),
  '0.',
  'a ',
  'a:',
  'a/',
  '": ',
  '/.',
  '//a',
  '=1,',
  ' =',
  'a.',
  '\\"',
  '0-',
  'aA0',
]
/** What comes before: ways into an expression that does not begin with what is pumped. */
const STARTS = ['', '{"', 'a=', '1', '"', "'", '[', '%', '/', 'a:', 'unix:', 'arn:', 'x ']
const ENDS = ['\u0001', 'x', '']
/** Each length is tried only where the one before took no longer than it may: what grows worse than squares ends early. */
const LENGTHS = [25, 600, 5000, 50_000]
const QUICK_MS = 0.5
const SLOW_MS = 150

type Found = { readonly source: string; readonly flags: string; readonly where: string }

const regExpsOf = (path: string, text: string): Found[] =>
  [...text.matchAll(LITERAL)].flatMap(({ 1: source = '', 2: flags = '', index }) => {
    const where = `${path}:${text.slice(0, index).split('\n').length}`
    return compiles(source, flags) ? [{ source, flags, where }] : []
  })

/** The input that makes it slow, if there is one. */
function slowInput({ source, flags }: Found): string | undefined {
  const expression = new RegExp(source, flags.replace('g', ''))
  const begins = /^[A-Za-z0-9 :_-]*/.exec(source.replace(/^\^/, ''))?.[0] ?? ''
  for (const start of new Set([...STARTS, begins]))
    for (const pumped of PUMPED)
      for (const end of ENDS)
        if (isSlow(expression, (length) => start + repeated(pumped, length) + end))
          return JSON.stringify([start, pumped, end])
  return undefined
}

function isSlow(expression: RegExp, input: (length: number) => string): boolean {
  for (const length of LENGTHS) {
    const text = input(length)
    let ms = cpuMs(expression, text)
    if (ms > SLOW_MS) ms = Math.min(ms, cpuMs(expression, text))
    if (ms > SLOW_MS) return true
    // Only what takes its time with a tenth of it can be slow with all of it.
    if (length === LENGTHS.at(-2) && ms < QUICK_MS) return false
  }
  return false
}

/** Of this process alone, so that a busy machine makes nothing slow. */
function cpuMs(expression: RegExp, text: string): number {
  const before = process.cpuUsage()
  expression.lastIndex = 0
  expression.test(text)
  return process.cpuUsage(before).user / 1000
}

const repeated = (pumped: string, length: number): string =>
  pumped.repeat(Math.ceil(length / pumped.length))

function compiles(source: string, flags: string): boolean {
  try {
    return new RegExp(source, flags) instanceof RegExp
  } catch {
    // It was a comment, or text.
    return false
  }
}

test('a slow expression is found', () => {
  for (const source of ['^\\s*(\\d*\\.?\\d+)x$', '\\/+$', '\\d+ms'])
    assert.ok(slowInput({ source, flags: '', where: '' }), source)
  for (const source of ['^\\d+(?:\\.\\d+)?$', '^\\/+$', '[^]*'])
    assert.equal(slowInput({ source, flags: '', where: '' }), undefined)
  const text = 'const a = x / 2\nconst B = /[/"]b\\/+$/gu // and /more/'
  assert.deepEqual(
    regExpsOf('a.ts', text).map(({ source, where }) => [where, source]),
    [
      ['a.ts:2', '[/"]b\\/+$'],
      ['a.ts:2', 'more'],
    ],
  )
})

test('no expression of the house is slow, whatever it is given', () => {
  const found = globSync('src/**/*.ts', { exclude: NOT_READ }).flatMap((path) =>
    regExpsOf(path, readFileSync(path, 'utf8')),
  )
  const all = new Map(found.map((one) => [`/${one.source}/${one.flags}`, one]))
  assert.ok(all.size > 150, `only ${all.size} were found`)
  const listed = new Set(Object.keys(SHORT))
  const slow = [...all].flatMap(([literal, one]) => {
    const input = slowInput(one)
    if (input === undefined) return []
    return listed.delete(one.source) ? [] : [`${one.where}: ${literal} is slow with ${input}`]
  })
  assert.deepEqual(slow, [])
  assert.deepEqual([...listed], [], 'what is listed is there, and slow')
})
