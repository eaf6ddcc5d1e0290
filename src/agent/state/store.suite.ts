/** What any StateStore must do. Each implementation runs it, so that the agent may trust them alike. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { AgentState, StateStore } from './state.ts'

/** `place` gives how to open one and the same place again, as an agent does after its end. */
export function stateStoreSuite(
  kind: string,
  place: (context: TestContext) => () => StateStore,
): void {
  test(`${kind}: what was saved is loaded`, async (context) => {
    const open = place(context)
    assert.equal(await open().load(), undefined)
    await open().save(() => state(7))
    assert.deepEqual(await open().load(), state(7))
    await open().save(() => state(8))
    assert.deepEqual(await open().load(), state(8))
  })

  test(`${kind}: saves that overlap share a write, and the last state stays`, async (context) => {
    const store = place(context)()
    let timeline = 0
    let written = 0
    const saves = Array.from({ length: 50 }, () => {
      timeline += 1
      return store.save(() => {
        written += 1
        return state(timeline)
      })
    })
    await Promise.all(saves)
    assert.ok(written < 5)
    assert.equal((await store.load())?.timeline, 50)
  })

  test(`${kind}: a save that resolved holds what was true when it was asked for`, async (context) => {
    const open = place(context)
    const store = open()
    let timeline = 1
    const first = store.save(() => state(timeline))
    await Promise.resolve()
    timeline = 2
    await store.save(() => state(timeline))
    assert.equal((await open().load())?.timeline, 2)
    await first
  })
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
