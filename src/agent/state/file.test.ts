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

test('what is no whole state counts as none, is kept aside, and is told in one line', async (context) => {
  const whole = { version: 1, cluster: 'default', timeline: 1, forgotten: [], tasks: [] }
  const task = { arn: 'a', seqNum: 1, definition: {}, containers: {}, volumes: {}, reported: {} }
  for (const [text, words] of [
    ['{"version":1,"tas', 'is not JSON'],
    ['null', 'is not JSON'],
    [JSON.stringify({ ...whole, version: 2 }), 'has the version 2'],
    [JSON.stringify({ ...whole, timeline: undefined }), 'has no timeline'],
    [JSON.stringify({ ...whole, forgotten: undefined }), 'has no forgotten'],
    [
      JSON.stringify({ ...whole, tasks: [task, { ...task, volumes: null }] }),
      'no volumes of task 1',
    ],
  ] as const) {
    const path = directory(context)
    const told: string[] = []
    writeFileSync(join(path, 'agent.json'), text)
    assert.equal(await new StateFile(path, (message) => told.push(message)).load(), undefined, text)
    assert.deepEqual(readdirSync(path), ['agent.json.unreadable'])
    assert.equal(told.length, 1)
    assert.ok(told[0]?.includes(words) && !told[0].includes('\n'), told[0])
  }
})
