import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PLANTED_SERVICES } from './planted-services.fixture.ts'
import { PLANTED } from './planted.ts'
import { tell } from './story.ts'

const SEEDS = 50

for (const planted of [...PLANTED, ...PLANTED_SERVICES])
  test(`the simulation sees it within ${SEEDS} seeds when ${planted.name}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { failure } = await tell({ seed, storms: 1, planted })
      if (!failure) continue
      assert.match(failure.check, planted.caughtBy, `seed ${seed}: ${failure.message}`)
      return
    }
    assert.fail('nobody saw it')
  })
