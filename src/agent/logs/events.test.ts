import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type LinearRegExp, linearRegExp } from '#kernel/linear-regexp.ts'

import { type Batch, batches, EventMaker, type Sized } from './events.ts'
import { LineReader } from './lines.ts'

const START_MS = Date.UTC(2026, 0, 1)
type Written = { readonly log: string; readonly stream: string; readonly ms: number }
const record = ({ log, stream, ms }: Written): string =>
  `${JSON.stringify({ log, stream, time: new Date(START_MS + ms).toISOString() })}\n`
const out = (log: string, ms = 0, stream = 'stdout'): Written => ({ log, stream, ms })

/** All batches of a file from a place on, read in chunks of a size. */
function batchesOf(file: Buffer, from: number, chunk: number, begins?: LinearRegExp): Batch[] {
  const reader = new LineReader(from)
  const maker = new EventMaker(begins)
  const all: Batch[] = []
  for (let at = from; at < file.length; at += chunk) {
    const lines = reader.read(file.subarray(at, at + chunk))
    const events: Sized[] = []
    for (const line of lines) maker.add(line, events)
    const made = batches(events)
    const kept = Math.min(reader.pendingFrom, maker.pendingFrom)
    all.push(...made.map(({ events, to }) => ({ events, to: Math.min(to, kept) })))
  }
  const rest: Sized[] = []
  for (const line of reader.end()) maker.add(line, rest)
  maker.end(rest)
  return [...all, ...batches(rest)]
}
const messages = (all: readonly Batch[]): string[] =>
  all.flatMap(({ events }) => events.map(({ message }) => message))
/** Lines that two outputs mixed may be joined otherwise when they come again, so lines are looked for, not events. */
const linesIn = (all: readonly Batch[]): string[] =>
  messages(all).flatMap((message) => message.split('\n'))
const fileOf = (...all: readonly Written[]): Buffer => Buffer.from(all.map(record).join(''))

test('pieces of a line are joined, each output for itself; empty lines are none', () => {
  const file = fileOf(
    out('a\n'),
    out('long '),
    out('other\n', 1, 'stderr'),
    out('line\n', 2),
    out('\n', 3),
    out('never ended', 4),
  )
  assert.deepEqual(messages(batchesOf(file, 0, 1 << 20)), [
    'a',
    'long line',
    'other',
    'never ended',
  ])
})

test('what is torn or given back to the disk is counted, and the rest is read', () => {
  const reader = new LineReader(0)
  const file = Buffer.concat([
    Buffer.alloc(5000),
    fileOf(out('a\n')),
    Buffer.from('{"log":"x\nnull\n"text"\n{"log":1,"time":"t"}\n'),
    fileOf(out('b\n')),
  ])
  assert.deepEqual(
    reader.read(file).map(({ text }) => text),
    ['a', 'b'],
  )
  assert.equal(reader.damaged, 4)
  assert.equal(reader.position, file.length)
})

test('every record is read as JSON says it, escaped or not, and none that JSON refuses', () => {
  const log = fc.oneof(fc.string(), fc.constantFrom('a"b', 'c\\', 'n', '\\n', '"}', 'é😀'))
  fc.assert(
    fc.property(log, fc.boolean(), fc.nat(40), (text, isWhole, cut) => {
      const whole = record(out(isWhole ? `${text}\n` : text))
      const reader = new LineReader(0)
      const lines = [...reader.read(Buffer.from(whole)), ...reader.end()]
      const wanted =
        isWhole || text.endsWith('\n') ? `${text}${isWhole ? '\n' : ''}`.slice(0, -1) : text
      assert.deepEqual([lines.map((line) => line.text), reader.damaged], [[wanted], 0])
      const torn = new LineReader(0)
      torn.read(Buffer.from(`${whole.slice(0, Math.min(cut, whole.length - 2))}${whole}`))
      assert.ok(cut === 0 || torn.damaged === 1)
    }),
    { numRuns: 500 },
  )
})

test('a pattern begins an event; its lines keep their ends, and a very long one is cut', () => {
  const file = fileOf(out('early\n'), out('BEGIN 1\n', 1), out('more\n', 2), out('BEGIN 2\n', 3))
  const found = batchesOf(file, 0, 1 << 20, linearRegExp('^BEGIN'))
  assert.deepEqual(messages(found), ['early\n', 'BEGIN 1\nmore\n', 'BEGIN 2\n'])
  const maker = new EventMaker(linearRegExp('^BEGIN'))
  const line = { text: 'x'.repeat(100_000), timestamp: 0, from: 0, to: 1 }
  const made: Sized[] = []
  for (let n = 0; n < 6; n++) maker.add(line, made)
  assert.deepEqual(
    made.map(({ message }) => message.length),
    [200_002, 200_002],
  )
})

test('an event beyond 256 KiB is split between characters, and done with only as a whole', () => {
  const text = 'é'.repeat(200_000)
  const file = fileOf(out(`${text}\n`))
  const [batch] = batchesOf(file, 0, file.length)
  assert.deepEqual(messages([batch!]).join(''), text)
  for (const { message } of batch!.events) assert.ok(Buffer.byteLength(message) <= 262_118)
  const huge = 'x'.repeat(2_000_000)
  const cut = batchesOf(fileOf(out(`${huge}\n`)), 0, 1 << 24)
  assert.equal(messages(cut).join(''), huge)
  assert.ok(cut.length > 1)
  for (const { to } of cut.slice(0, -1)) assert.equal(to, 0)
})

test('batches keep AWS’s limits: order, span, number and size', () => {
  const HOUR_MS = 3_600_000
  const file = fileOf(
    ...Array.from({ length: 12_000 }, (_, n) => out(`${n}\n`, n)),
    out('late\n', 40 * HOUR_MS),
    out('early\n', 39 * HOUR_MS),
    ...Array.from({ length: 12 }, () => out(`${'y'.repeat(200_000)}\n`, 41 * HOUR_MS)),
  )
  const all = batchesOf(file, 0, file.length)
  assert.equal(all.flatMap(({ events }) => events).length, 12_014)
  for (const { events } of all) {
    assert.ok(events.length <= 10_000)
    const size = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0)
    assert.ok(size <= 1_048_576)
    const times = events.map(({ timestamp }) => timestamp)
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    )
    assert.ok(times.at(-1)! - times[0]! <= 24 * HOUR_MS)
  }
})

test('two batches share no millisecond, so that both may be on their way', () => {
  const file = fileOf(
    ...Array.from({ length: 30_000 }, (_, n) => out(`${n}\n`, Math.floor(n / 300))),
  )
  const all = batchesOf(file, 0, file.length)
  assert.ok(all.length > 2)
  for (const [index, { events }] of all.entries())
    assert.ok(
      index === 0 || all[index - 1]!.events.at(-1)!.timestamp < events[0]!.timestamp,
      `batch ${index}`,
    )
  assert.deepEqual(
    messages(all),
    Array.from({ length: 30_000 }, (_, n) => String(n)),
  )
  const same = fileOf(...Array.from({ length: 15_000 }, (_, n) => out(`${n}\n`)))
  assert.deepEqual(
    batchesOf(same, 0, same.length).map(({ events }) => events.length),
    [10_000, 5_000],
  )
})

test('from wherever a batch was acknowledged nothing is lost, however the file was read', () => {
  const piece = fc.record({
    log: fc.constantFrom('a\n', 'b', 'BEGIN\n', 'x'.repeat(40), '\n', 'é\n'),
    stream: fc.constantFrom('stdout', 'stderr'),
    ms: fc.nat(3),
  })
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(undefined, linearRegExp('^BEGIN')),
      (written, chunk, begins) => {
        const file = fileOf(...written)
        const all = batchesOf(file, 0, chunk, begins)
        if (!begins)
          assert.deepEqual(messages(all).toSorted(), messages(batchesOf(file, 0, 1e9)).toSorted())
        for (const [index, { to }] of all.entries()) {
          const again = linesIn(batchesOf(file, to, chunk, begins))
          // What follows the acknowledged is all sent by the next life; more may come twice.
          for (const line of linesIn(all.slice(index + 1)))
            assert.ok(again.includes(line), `${JSON.stringify(line)} is lost after ${to}`)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('of a line so much is looked at for a beginning as Docker would give in one piece, of a large expression less', () => {
  const looked: number[] = []
  const line = { text: 'x'.repeat(1_000_000), timestamp: 0, from: 0, to: 1_000_001 }
  for (const size of [64, 1000])
    new EventMaker({ size, test: (text) => looked.push(text.length) > 0 }).add(line, [])
  assert.deepEqual(looked, [16_384, 1049])
})
