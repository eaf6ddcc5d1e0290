import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { makeFolder } from './data.ts'

const root = mkdtempSync(join(tmpdir(), 'berth-data-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('folders are made with those above them, for their owner', () => {
  makeFolder(join(root, 'a', 'b', 'c'))
  makeFolder(join(root, 'a', 'b', 'c'))
  assert.equal(statSync(join(root, 'a', 'b', 'c')).mode & 0o777, 0o700)
})

test('where no folder can be made the error comes at once', () => {
  assert.throws(() => makeFolder('/proc/berth/data'), { code: 'ENOENT', path: '/proc/berth' })
  writeFileSync(join(root, 'file'), '')
  assert.throws(() => makeFolder(join(root, 'file')), { code: 'EEXIST' })
  assert.throws(() => makeFolder(join(root, 'file', 'below')), { code: 'ENOTDIR' })
})
