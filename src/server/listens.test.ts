import assert from 'node:assert/strict'
import { test } from 'node:test'

import { memoryFiles } from '#files/memory-storage.ts'
import type { Room } from '#room/room.ts'
import { MemoryLog } from '#store/memory-log.fixture.ts'
import { publish } from '#store/notices.ts'
import { SEAL_KEY_BYTES, Sealer } from '#store/seal.ts'

import { MovedClock, turn } from './house.fixture.ts'
import { roomsWith } from './rooms.ts'
import { Server } from './server.ts'

test('what one room makes known, another hears', async () => {
  const heard: string[] = []
  const rooms: readonly Room[] = [
    ...roomsWith(),
    { service: 'teller', operations: {} },
    {
      service: 'listener',
      operations: {},
      listens: [
        {
          name: 'listener test',
          wants: ({ source }) => source === 'teller',
          hear: (_tx, { id }) => void heard.push(id),
          missed: () => undefined,
        },
      ],
    },
  ]
  const silent = (): void => undefined
  const server = await Server.open({
    stateLog: new MemoryLog(),
    clock: new MovedClock(),
    ids: { hex: () => '0', uuid: () => '0', random: () => 0 },
    log: { info: silent, warn: silent, error: silent },
    sealer: new Sealer(new Uint8Array(SEAL_KEY_BYTES)),
    fatal: (error) => assert.fail(error),
    rooms,
    files: memoryFiles(),
  })
  await turn()
  const notice = { detailType: 'Test', tenant: 't', accountId: '1', region: 'r', resources: [] }
  await server.store.write((tx) => {
    publish(tx, { ...notice, source: 'teller', time: 0, id: 'a', detail: {} })
    publish(tx, { ...notice, source: 'other', time: 0, id: 'b', detail: {} })
  })
  await turn()
  assert.deepEqual(heard, ['a'])
  await server.close()
})
