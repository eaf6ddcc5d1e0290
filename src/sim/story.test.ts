import assert from 'node:assert/strict'
import { test } from 'node:test'

import { tell } from './story.ts'

const SEEDS = 12

test('the same seed is the same world, another is another', async () => {
  const digests = []
  for (const seed of [7, 7, 8]) digests.push((await tell({ seed, storms: 1 })).digest)
  const [one, again, other] = digests
  assert.equal(one, again)
  assert.notEqual(one, other)
})

test('a cluster comes through storms unharmed', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { world, failure } = await tell({ seed, storms: 1 })
    const again = `npm run sim -- --from ${seed} --seeds 1 --storms 1`
    assert.equal(failure, undefined, `${again}\n${world.trace.tail(20).join('\n')}`)
  }
})
