import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { StateFile } from './file.ts'
import { stateStoreSuite } from './store.suite.ts'

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'berth-state-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

stateStoreSuite('state file', (context) => {
  const path = directory(context)
  return () => new StateFile(path)
})

test('half a file counts as none, and is kept aside', async (context) => {
  const path = directory(context)
  writeFileSync(join(path, 'agent.json'), '{"version":1,"tas')
  assert.equal(await new StateFile(path).load(), undefined)
  assert.deepEqual(readdirSync(path), ['agent.json.unreadable'])
})
