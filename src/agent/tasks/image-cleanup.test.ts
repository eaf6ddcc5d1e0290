import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { PullBehavior } from '../config.ts'
import type { Engine, Image } from '../engine.ts'
import { ImageCleanup, imagesToRemove } from './image-cleanup.ts'
import { ensureImage } from './images.ts'

const HOUR_MS = 3600_000
const LIMITS = { intervalMs: 1, minimumAgeMs: HOUR_MS, perCycle: 2 }
const IMAGES = {
  old: { pulledAt: 0, usedAt: 300 },
  older: { pulledAt: 0, usedAt: 100 },
  oldest: { pulledAt: 0, usedAt: 50 },
  busy: { pulledAt: 0, usedAt: 10 },
  fresh: { pulledAt: HOUR_MS, usedAt: 0 },
}

test('the longest unused go first, a few at a time, never those in use or fresh', () => {
  const inUse = new Set(['busy'])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS, LIMITS), ['oldest', 'older'])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS, { ...LIMITS, perCycle: 9 }), [
    'oldest',
    'older',
    'old',
  ])
  assert.deepEqual(imagesToRemove(IMAGES, inUse, HOUR_MS - 1, LIMITS), [])
})

test('who asks a registry: always and default each time, once for the first task, prefer-cached for what is not here', async () => {
  for (const [behavior, expected] of [
    ['default', 3],
    ['always', 3],
    ['once', 1],
    ['prefer-cached', 0],
  ] as const)
    assert.equal(await pullsOf(behavior, true), expected, `${behavior}, brought here by others`)
  for (const [behavior, expected] of [
    ['default', 3],
    ['once', 1],
    ['prefer-cached', 1],
  ] as const)
    assert.equal(await pullsOf(behavior, false), expected, `${behavior}, not here`)
})

/** How often three tasks, one after the other, have the image pulled; what others brought here stays theirs. */
async function pullsOf(behavior: PullBehavior, isHere: boolean): Promise<number> {
  const image: Image = { id: 'sha256:1', tags: [NAME], labels: {} } as unknown as Image
  let [pulls, here] = [0, isHere]
  const engine = {
    image: async () => (here ? image : undefined),
    pull: async () => {
      pulls += 1
      here = true
    },
  } as unknown as Engine
  const cleanup = new ImageCleanup({
    engine,
    clock: { now: () => HOUR_MS },
    log: {},
    limits: undefined,
    images: {},
    inUse: () => new Set(),
  } as never)
  for (let task = 0; task < 3; task += 1) {
    const wasAsked = cleanup.wasAsked(NAME)
    cleanup.used(NAME, await ensureImage(engine, NAME, { behavior, wasAsked }))
  }
  const removable = imagesToRemove(cleanup.images, new Set(), 9 * HOUR_MS, LIMITS)
  assert.deepEqual(removable, isHere ? [] : [NAME])
  return pulls
}
const NAME = 'registry.test/app:1'
