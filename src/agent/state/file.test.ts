import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { StateFile } from './file.ts'
import type { AgentState } from './state.ts'

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'berth-state-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

function state(timeline: number): AgentState {
  return {
    version: 1,
    cluster: 'default',
    containerInstanceArn: 'arn',
    timeline,
    tasks: [],
    forgotten: [],
  }
}

test('what was saved is loaded', async (context) => {
  const path = directory(context)
  assert.equal(await new StateFile(path).load(), undefined)
  await new StateFile(path).save(() => state(7))
  assert.deepEqual(await new StateFile(path).load(), state(7))
})

test('saves that overlap share a write, and the last state stays', async (context) => {
  const path = directory(context)
  const file = new StateFile(path)
  let timeline = 0
  let written = 0
  const saves = Array.from({ length: 50 }, () => {
    timeline += 1
    return file.save(() => {
      written += 1
      return state(timeline)
    })
  })
  await Promise.all(saves)
  assert.ok(written < 5)
  assert.equal((await file.load())?.timeline, 50)
})

test('half a file counts as none, and is kept aside', async (context) => {
  const path = directory(context)
  writeFileSync(join(path, 'agent.json'), '{"version":1,"tas')
  assert.equal(await new StateFile(path).load(), undefined)
  assert.deepEqual(readdirSync(path), ['agent.json.unreadable'])
})
