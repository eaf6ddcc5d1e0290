import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'

import { logSuite } from './log.suite.ts'
import { LogError } from './log.ts'
import { SqliteLog } from './sqlite-log.ts'
import { Store, table } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
after(() => rmSync(folder, { recursive: true }))
const at = (place: string) => join(folder, `${place}.db`)

logSuite('sqlite', (place) => new SqliteLog(at(place)))

const rows = table<{ readonly text: string }>('sqlite.rows')
const fail = (error: Error) => assert.fail(error)

test('a second server on the same data is refused by name', async () => {
  const store = await Store.open(new SqliteLog(at('twice')), fail)
  await assert.rejects(
    Store.open(new SqliteLog(at('twice')), () => {}),
    {
      name: 'LogError',
      message: 'another Berth server is using this data directory',
    },
  )
  await store.close()
})

test('an altered journal row is found, never read', async () => {
  const store = await Store.open(new SqliteLog(at('altered')), fail)
  await store.write((tx) => tx.put(rows, 'a', { text: 'one' }))
  await store.write((tx) => tx.put(rows, 'a', { text: 'two' }))
  await store.close()
  const db = new DatabaseSync(at('altered'))
  db.exec(`UPDATE journal SET changes = replace(changes, 'one', 'eno') WHERE revision = 1`)
  db.close()
  await assert.rejects(
    Store.open(new SqliteLog(at('altered')), () => {}),
    (error) => {
      assert(error instanceof LogError)
      assert.match(error.message, /damaged at revision 1/)
      return true
    },
  )
})

test('many commits of one turn are one write to the disk', async () => {
  const store = await Store.open(new SqliteLog(at('group')), fail)
  const writes = Array.from({ length: 500 }, (_, key) =>
    store.write((tx) => tx.put(rows, String(key), { text: 'x' })),
  )
  await Promise.all(writes)
  assert.equal(
    store.read((tx) => [...tx.scan(rows)].length),
    500,
  )
  await store.close()
})
