/** Finds events in what is durable of some streams. Runs in a thread that does nothing else. */
import { join } from 'node:path'

import { Scan } from '../scan.ts'
import type { Page, Query } from '../storage.ts'
import { blocksOf, readBlock, fileOf } from './files.ts'
import type { Durable } from './folders.ts'
import { eventsIn, textOf } from './frames.ts'
import { type Stretch, sweep } from './sweep.ts'

/** After so much work, in bytes read and steps of expressions, other searches have their turn. */
const WORK_IN_A_ROW = 4 << 20
const WORK_A_READ = 256 << 10

export async function search(
  root: string,
  query: Query,
  streams: readonly Durable[],
  damaged: (path: string) => void,
): Promise<Page> {
  const scan = new Scan(query)
  const swept = sweep(stretches(join(root, query.groupId), streams, damaged), query)
  let [reads, turn] = [0, 0]
  for (let next = swept.next(); ; next = swept.next()) {
    if (next.done) return scan.page(next.value === 'all')
    const event = next.value
    if (event) {
      const { timestamp, streamId, sequence, ingestionTime, bytes } = event
      const message = textOf(event)
      if (!scan.take({ timestamp, streamId, sequence, ingestionTime, message }, bytes))
        return scan.page(false)
    } else reads++
    const done = Math.floor((reads * WORK_A_READ + scan.work) / WORK_IN_A_ROW)
    if (done === turn) continue
    turn = done
    await new Promise((others) => setImmediate(others))
  }
}

/** What a sweep goes through: segments, which open as blocks, which open as events. */
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
      holdsEvents: false,
      open: () =>
        (blocks ?? blocksOf(folder, number)).map((block) => ({
          ...block,
          holdsEvents: true,
          open: () => {
            const { file, frames, isDamaged } = readBlock(folder, number, block)
            if (isDamaged) damaged(fileOf(folder, number, 'log'))
            return eventsIn(streamId, file, frames)
          },
        })),
    }))
  })
}
