import assert from 'node:assert/strict'
import { test } from 'node:test'

import { called, quoted } from './called.ts'

test('words are quoted only where a shell would take them otherwise', () => {
  assert.equal(quoted('/srv/berth-1'), '/srv/berth-1')
  assert.equal(quoted("/srv/it's here"), String.raw`'/srv/it'\''s here'`)
  assert.equal(quoted(''), "''")
  assert.equal(quoted('$HOME'), "'$HOME'")
})

test('a command is named as Berth was called', () => {
  process.env['BERTH_CALLED'] = '/opt/a b/berth'
  assert.equal(called('env', '--data', 'x y'), "'/opt/a b/berth' env --data 'x y'")
  delete process.env['BERTH_CALLED']
  assert.match(called('up'), /^node \S+ up$/)
})
