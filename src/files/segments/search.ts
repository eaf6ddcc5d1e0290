/** Finds entries in what is durable of some streams. Runs in a thread that does nothing else. */
import { join } from 'node:path'

import type { Matcher } from '../matching.ts'
import { Scan } from '../scan.ts'
import type { Page, Query } from '../storage.ts'
import { blocksOf, readBlock, fileOf } from './files.ts'
import type { Durable } from './folders.ts'
import { entriesIn, payloadOf } from './frames.ts'
import { type Stretch, sweep } from './sweep.ts'

/** After so much work, in bytes read and steps of matchers, other searches, of any room, have their turn. */
const WORK_IN_A_ROW = 4 << 20
const WORK_A_READ = 256 << 10

type Asked = {
  readonly root: string
  readonly query: Query
  readonly streams: readonly Durable[]
  readonly matcher: Matcher | undefined
}

export async function search(
  { root, query, streams, matcher }: Asked,
  damaged: (path: string) => void,
): Promise<Page> {
  const scan = new Scan(query.limit, matcher)
  const swept = sweep(stretches(join(root, query.groupId), streams, damaged), query)
  let [reads, turn] = [0, 0]
  for (let next = swept.next(); ; next = swept.next()) {
    if (next.done) return scan.page(next.value === 'all')
    const entry = next.value
    if (!entry) reads++
    else if (!scan.take(entry, payloadOf(entry))) return scan.page(false)
    const done = Math.floor((reads * WORK_A_READ + scan.work) / WORK_IN_A_ROW)
    if (done === turn) continue
    turn = done
    await new Promise((others) => setImmediate(others))
  }
}

/** What a sweep goes through: segments, which open as blocks, which open as entries. */
function stretches(
  group: string,
  streams: readonly Durable[],
  damaged: (path: string) => void,
): Stretch[] {
  return streams.flatMap(({ streamId, parts }) => {
    const folder = join(group, streamId)
    return parts.map(({ number, oldest, newest, blocks }) => ({
      oldest,
      newest,
      bytes: 0,
      holdsEntries: false,
      open: () =>
        (blocks ?? blocksOf(folder, number)).map((block) => ({
          ...block,
          holdsEntries: true,
          open: () => {
            const { file, frames, isDamaged } = readBlock(folder, number, block)
            if (isDamaged) damaged(fileOf(folder, number, 'log'))
            return entriesIn(streamId, file, frames)
          },
        })),
    }))
  })
}
