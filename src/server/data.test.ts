import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { installationId, makeFolder } from './data.ts'

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

test('an installation keeps the name that it was given, and one that is damaged is refused', () => {
  const data = join(root, 'data')
  mkdirSync(data)
  const id = installationId(data)
  assert.match(id, /^[0-9a-f]{16}$/)
  assert.equal(installationId(data), id)
  assert.deepEqual(readdirSync(data), ['installation-id'], 'nothing is left beside it')
  for (const text of ['', '\n', id.slice(1), `${id}0`, id.replace(/./, 'g')]) {
    writeFileSync(join(data, 'installation-id'), text)
    assert.throws(() => installationId(data), {
      name: 'ConfigError',
      message: /installation-id is damaged: it must have 16 hex digits/,
    })
  }
})
