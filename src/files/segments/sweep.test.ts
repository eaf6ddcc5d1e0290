import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { comparePlaces, type Place } from '../storage.ts'
import { encodeFrame, entriesIn, readFrames, payloadOf, sealFrame } from './frames.ts'
import { sweep, type Stretch } from './sweep.ts'

/** Blocks of one stream, each of some times, as their files would be. */
function stretches(blocks: readonly (readonly number[])[], streamId: string): Stretch[] {
  let sequence = 0
  return blocks.map((times) => {
    const sorted = times.toSorted((a, b) => a - b)
    const file = encodeFrame(
      sorted.map((timestamp) => ({ timestamp, payload: `${timestamp}` })),
      0,
    )
    sealFrame(file, sequence)
    sequence += times.length
    return {
      oldest: sorted[0] ?? 0,
      newest: sorted.at(-1) ?? 0,
      bytes: file.length,
      holdsEntries: true,
      open: () => entriesIn(streamId, file, readFrames(file).frames),
    }
  })
}

test('a sweep whose memory is too small goes as far as it can, and pages get to the end', () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 })
  const streams = fc.array(fc.array(times, { maxLength: 5 }), { minLength: 1, maxLength: 3 })
  const limits = fc.record({
    entries: fc.integer({ min: 1, max: 4 }),
    bytes: fc.constantFrom(1, 100, 1 << 20),
  })
  fc.assert(
    fc.property(streams, limits, fc.boolean(), (all, small, reverse) => {
      const found: Place[] = []
      let beyond: Place | undefined
      for (let end = 'cut'; end === 'cut';) {
        const before = found.length
        const given = all.flatMap((blocks, n) => stretches(blocks, String(n)))
        const swept = sweep(given, { from: 0, until: 21, beyond, reverse }, small)
        for (let next = swept.next(); ; next = swept.next()) {
          if (next.done) {
            end = next.value
            break
          }
          if (!next.value) continue
          assert.equal(payloadOf(next.value).toString(), String(next.value.timestamp))
          found.push(next.value)
        }
        beyond = found.at(-1)
        assert.ok(end === 'all' || found.length > before, 'each page gets further')
      }
      const total = all.flat(2).length
      assert.equal(found.length, total)
      const sign = reverse ? -1 : 1
      for (const [index, place] of found.entries())
        assert.ok(index === 0 || sign * comparePlaces(found[index - 1]!, place) < 0)
    }),
  )
})
