import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { currentPage } from './coverage-page.ts'

test('docs/coverage.md says what the rooms have: run `node tools/coverage-page.ts` when this fails', () => {
  assert.equal(readFileSync('docs/coverage.md', 'utf8'), currentPage())
})
