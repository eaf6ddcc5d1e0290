import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { Folders } from './folders.ts'
import { encodeFrame } from './frames.ts'
import { type Disk, NO_ROOM } from './reserve.ts'

const STREAM = { groupId: 'g', streamId: 's' }
const DAY_MS = 24 * 3_600_000
const MiB = 1 << 20

function folders(context: TestContext, disk?: () => Disk): { all: Folders; root: string } {
  const root = mkdtempSync(join(tmpdir(), 'berth-folders-'))
  const all = new Folders(root, (what) => assert.fail(what), disk)
  context.after(() => {
    all.close()
    rmSync(root, { recursive: true, force: true })
  })
  return { all, root }
}

const append = (timestamp: number, bytes = 1) => ({
  stream: STREAM,
  frame: encodeFrame([{ timestamp, message: 'x'.repeat(bytes) }], 0),
})

test('what the state needs of a disk is left to it', async (context) => {
  let disk: Disk = { sizeBytes: 1000 * MiB, freeBytes: 51 * MiB }
  const { all } = folders(context, () => disk)
  const refused = async (count: number): Promise<readonly [number, string][]> => [
    ...(await all.append(Array.from({ length: count }, (_, n) => append(n, MiB / 2)))),
  ]
  assert.deepEqual(
    await refused(3),
    [
      [1, NO_ROOM],
      [2, NO_ROOM],
    ],
    'a twentieth of a small disk',
  )
  disk = { sizeBytes: 1e6 * MiB, freeBytes: 257 * MiB }
  assert.deepEqual(await refused(1), [], '256 MiB of a large one')
  disk = { ...disk, freeBytes: 256 * MiB }
  assert.deepEqual(await refused(1), [[0, NO_ROOM]])
  assert.equal(all.stats('g', ['s'])[0]?.storedBytes, 2 * (MiB / 2 + 26))
  all.delete(STREAM)
  disk = { ...disk, freeBytes: 300 * MiB }
  assert.deepEqual(await refused(1), [], 'it goes on when there is room again')
})

test('where no index can be written, what is there is read all the same', async (context) => {
  const { all, root } = folders(context)
  await all.append([append(1)])
  await all.append([append(1 + 2 * DAY_MS)])
  const path = join(root, 'g', 's')
  const index = readdirSync(path).find((name) => name.endsWith('.idx')) ?? ''
  rmSync(join(path, index))
  symlinkSync(join(root, 'none', 'here'), join(path, index))
  const again = new Folders(root, (what) => assert.fail(what))
  const query = { ...STREAM, streamIds: ['s'], from: 0, until: 2, reverse: false }
  const [stream] = again.durable({ ...query, limit: 1, pattern: '' })
  assert.equal(stream?.parts[0]?.blocks?.length, 1)
})
