import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { currentlyOverdue, currentPage, unexplained } from './coverage-page.ts'

test('docs/coverage.md says what the rooms have: run `node tools/coverage-page.ts` when this fails', () => {
  assert.equal(readFileSync('docs/coverage.md', 'utf8'), currentPage())
})

test('nothing is refused whose room is there, and no operation is left out without a reason', () => {
  assert.deepEqual(currentlyOverdue(), [])
  assert.deepEqual(unexplained(), [])
})
