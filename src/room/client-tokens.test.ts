import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Fault } from '#kernel/fault.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { Store } from '#store/store.ts'

import { clientTokensOf } from './client-tokens.ts'

const tokens = clientTokensOf<{ readonly things: readonly string[] }>('test.clientTokens')
const words = {
  max: 4,
  malformed: (max: number) => new Fault('Malformed', String(max)),
  conflict: ({ things }: { readonly things: readonly string[] }) =>
    new Fault('Conflict', things.join()),
}

test('what a token has made is made once', async () => {
  const store = await Store.open(new MemoryLog(), (error) => assert.fail(error))
  const ask = (token: string | undefined, asks: object, operation?: string) =>
    store.transact((tx) => {
      const request = { token, within: '1/eu/box', asks, now: 5, ...(operation && { operation }) }
      const { made, remember } = tokens.of(tx, request, words)
      if (!made) remember({ things: [JSON.stringify(asks)] })
      return made?.things
    }).result
  assert.equal(ask('a/b', { x: 1, y: 2 }), undefined)
  assert.deepEqual(ask('a/b', { y: 2, x: 1 }), ['{"x":1,"y":2}'])
  assert.throws(() => ask('a/b', { x: 2 }), { code: 'Conflict', message: '{"x":1,"y":2}' })
  assert.equal(ask('a/b', { x: 2 }, 'Make'), undefined)
  assert.equal(ask(undefined, { x: 1 }), undefined)
  assert.equal(ask(undefined, { x: 1 }), undefined)
  for (const token of ['', 'a b', 'aaaaa', 'ä'])
    assert.throws(() => ask(token, {}), { code: 'Malformed', message: '4' })
  // Rows of earlier releases have these keys.
  const keys = store.read((tx) => [...tx.scan(tokens.table)].map(({ key }) => key))
  assert.deepEqual(keys, ['1/eu/box/Make\u0001a/b', '1/eu/box/a/b'])
})
