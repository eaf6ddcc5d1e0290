import assert from 'node:assert/strict'
import { test } from 'node:test'

import { joined, lastOf, parentOf, parted } from './keys.ts'

test('a key is taken apart at its last slash, and a joined one where it was joined', () => {
  assert.equal(parentOf('1/eu/default/web'), '1/eu/default')
  assert.equal(lastOf('1/eu/default/web'), 'web')
  assert.deepEqual(parted(joined('1/eu/default/web', 'a/b')), ['1/eu/default/web', 'a/b'])
  assert.deepEqual(parted('1/eu'), ['1/eu', ''])
})
