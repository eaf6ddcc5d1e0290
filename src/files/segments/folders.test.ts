import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { blocksOf } from './files.ts'
import { Folders } from './folders.ts'
import { encodeFrame } from './frames.ts'
import { type Disk, Reserve } from './reserve.ts'

const STREAM = { groupId: 'g', streamId: 's' }
const DAY_MS = 24 * 3_600_000
const MiB = 1 << 20
const NO_ROOM = 'what is left of the disk is kept for the state'

function folders(context: TestContext, reserve = new Reserve()): { all: Folders; root: string } {
  const root = mkdtempSync(join(tmpdir(), 'berth-folders-'))
  const all = new Folders({ root, damaged, reserve })
  context.after(() => {
    all.close()
    rmSync(root, { recursive: true, force: true })
  })
  return { all, root }
}

const damaged = (what: string): never => assert.fail(what)
const RANGE = {
  ...STREAM,
  streamIds: ['s'],
  from: 0,
  until: Infinity,
  reverse: false,
  limit: 1,
}
const append = (timestamp: number, bytes = 1) => ({
  stream: STREAM,
  frame: encodeFrame([{ timestamp, payload: 'x'.repeat(bytes) }], 0),
})

test('what the state needs of a disk is left to it', async (context) => {
  let disk: Disk = { sizeBytes: 1000 * MiB, freeBytes: 51 * MiB }
  const { all } = folders(context, new Reserve(() => disk))
  const refused = async (count: number): Promise<[number, string][]> => {
    const failed = await all.append(Array.from({ length: count }, (_, n) => append(n, MiB / 2)))
    return [...failed].map(([index, { message }]) => [index, message])
  }
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
  const again = new Folders({ root, damaged, reserve: new Reserve() })
  const [stream] = again.durable({ ...RANGE, until: 2 })
  assert.equal(stream?.parts[0]?.blocks?.length, 1)
})

test('rooms that write at the same time leave the reserve together', async (context) => {
  const disk = (): Disk => ({ sizeBytes: 1000 * MiB, freeBytes: 51 * MiB })
  const reserve = new Reserve(disk)
  const [one, other] = [folders(context, reserve).all, folders(context, reserve).all]
  const appends = [append(0, 0.6 * MiB)]
  const [first, second] = await Promise.all([one.append(appends), other.append(appends)])
  assert.deepEqual([first.size, second.get(0)?.message], [0, NO_ROOM])
  assert.equal((await other.append(appends)).size, 0, 'what is written is claimed no more')
})

test('a full segment is never written to again, even where the one after it is gone', async (context) => {
  const { all, root } = folders(context)
  const days = [0, 3].map((day) => ({ timestamp: day * DAY_MS, payload: 'x' }))
  await all.append([{ stream: STREAM, frame: encodeFrame(days, 0) }])
  await all.append([append(2 * DAY_MS)])
  // The newest file holds nothing newer than the one before it.
  all.expire('g', 2.5 * DAY_MS)
  await all.append([append(DAY_MS / 2)])
  assert.equal(blocksOf(join(root, 'g', 's'), 1).length, 1)
  const [stream] = all.durable(RANGE)
  const again = new Folders({ root, damaged, reserve: new Reserve() })
  assert.deepEqual(again.durable(RANGE)[0]?.parts.length, stream?.parts.length)
  assert.equal(again.stats('g', ['s'])[0]?.storedBytes, all.stats('g', ['s'])[0]?.storedBytes)
})
