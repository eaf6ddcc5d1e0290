/**
 * What services were: every durable change of them and of their tasks, said backwards and kept outside memory for a while,
 * so that a service can be shown as it was at a moment. It is written beside the state, off the path of any request, in
 * files of its own (src/files); the state never waits for it. docs/design/history.md
 */
import {
  type Entry,
  type EntryStorage,
  type Place,
  type RoomFiles,
  sizeOf,
  StorageFull,
} from '#files/storage.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'
import type { Store } from '#store/store.ts'

import { MATCHING } from './matcher.ts'
import { type Undo, undoOf } from './undo.ts'

export type HistoryOptions = {
  readonly days: number
  /** Beyond these the oldest goes first. */
  readonly bytes: number
}
type Keeping = { readonly storage: EntryStorage; readonly days: number }
type Ports = { readonly store: Store; readonly clock: Clock; readonly log: Log }

/** Beyond the bytes the oldest goes first. */
export const historyFiles = (bytes: number): RoomFiles => ({
  name: 'history',
  matching: MATCHING,
  bytes,
})

const GROUP = 'history'
const DAY_MS = 24 * 60 * 60_000
/** History is dropped in parts of this length. */
const PART_MS = 6 * 60 * 60_000
const TIDY_EVERY_MS = 60 * 60_000
/** Lines that wait for a disk that does not keep up; beyond them a gap is told instead. */
const WAITING_LINES_MAX = 100_000
/** Of one append, unless its only line is longer. */
const APPEND_BYTES = 256 << 10
const LINES_PER_READ = 1_000
const AGAIN_MS = 5_000
/** How often an answer waits for what is being written to the state; under load there is always something. */
const SETTLE_TRIES_MAX = 100

type Line = Entry & { readonly payload: string }
/** A line that is no change. Said with a word that no key has, so that a search finds it. */
const MARK = 'HISTORY-MARK'
type Mark = {
  readonly [MARK]: 'BEGIN' | 'END' | 'GAP'
  /** Of END: the revision up to which nothing is missing. */
  readonly revision?: number
  /** Of GAP: what changed from then until the mark may be missing. */
  readonly since?: number
}
export type Gap = { readonly from: number; readonly until: number }
export type Past = {
  /** All changes since the moment, the newest first. */
  readonly undos: readonly Undo[]
  readonly gaps: readonly Gap[]
}

export class History {
  readonly #ports: Ports
  readonly #options: Keeping
  readonly #stopWatching: () => void
  readonly #listeners = new Set<(undo: Undo) => void>()
  #waiting: Line[] = []
  #writing: Promise<void>
  #isWriting = true
  #told: number
  #newest = 0
  #callOff: () => void
  #isClosed = false

  constructor(ports: Ports, options: Keeping) {
    this.#ports = ports
    this.#options = options
    const { store, clock } = ports
    this.#told = store.revision
    this.#writing = this.#begin(store.revision)
    this.#stopWatching = store.watch(({ revision, changes }) => {
      this.#told = revision
      for (const change of changes) {
        const undo = undoOf(revision, change)
        if (!undo) continue
        for (const listener of this.#listeners) listener(undo)
        this.#say(undo)
      }
    })
    this.#callOff = clock.after(0, () => void this.#tidy())
  }

  /** The moment from which on services can be shown. */
  async begins(): Promise<number> {
    await this.#writing
    const { storage } = this.#options
    const stats = await storage.stats(GROUP, this.#parts())
    const first = stats.map(({ oldest }) => oldest ?? Infinity)
    return Math.max(Math.min(...first), this.#oldest())
  }

  /**
   * All that became of the service since `moment`, and what of it is not known. `then` is run in one turn with the store,
   * as it is when exactly these changes were made.
   */
  async since<R>(service: string, moment: number, then: (past: Past) => R): Promise<R> {
    const { store } = this.#ports
    const late: Undo[] = []
    const listen = (undo: Undo): void => void (undo.of === service && late.push(undo))
    this.#listeners.add(listen)
    try {
      const from = this.#told
      await this.#writing
      const { undos, gaps } = await this.#read(service, moment)
      // What is not durable yet was not told, and could not be taken back.
      for (let n = 0; n < SETTLE_TRIES_MAX && store.revision !== this.#told; n++)
        await store.settled(store.revision)
      const known = undos.filter(({ revision }) => revision <= from)
      return then({ undos: [...late.toReversed(), ...known], gaps })
    } finally {
      this.#listeners.delete(listen)
    }
  }

  /** Once the store tells nothing any more. */
  async close(): Promise<void> {
    this.#callOff()
    this.#stopWatching()
    this.#mark({ [MARK]: 'END', revision: this.#told })
    this.#isClosed = true
    await this.#writing
    await this.#options.storage.close()
  }

  /** A server that ended in good order has said up to where nothing is missing; any other leaves a gap. */
  async #begin(revision: number): Promise<void> {
    const at = this.#moment()
    const unknown: Line = { timestamp: this.#oldest(), payload: '{}' }
    const last = await this.#last().catch(() => unknown)
    const mark = last && (JSON.parse(last.payload) as Partial<Mark>)
    if (!last) this.#waiting.unshift(this.#line({ [MARK]: 'BEGIN' }, at))
    else if (mark?.[MARK] !== 'END' || mark.revision !== revision)
      this.#waiting.unshift(this.#line({ [MARK]: 'GAP', since: last.timestamp }, at))
    await this.#write()
  }

  async #last(): Promise<Line | undefined> {
    const { entries } = await this.#options.storage.read({
      groupId: GROUP,
      streamIds: this.#parts(),
      from: 0,
      until: Infinity,
      reverse: true,
      limit: 1,
    })
    const [last] = entries
    return last && { timestamp: last.timestamp, payload: last.payload.toString() }
  }

  async #read(service: string, moment: number): Promise<Past> {
    const { storage } = this.#options
    const undos: Undo[] = []
    const gaps: Gap[] = []
    const match = JSON.stringify([service, MARK].map((text) => JSON.stringify(text)))
    let beyond: Place | undefined
    for (;;) {
      const { entries, reached } = await storage.read({
        groupId: GROUP,
        streamIds: this.#parts(),
        from: moment + 1,
        until: Infinity,
        beyond,
        reverse: true,
        limit: LINES_PER_READ,
        match,
      })
      for (const { payload, timestamp } of entries) {
        const line = JSON.parse(payload.toString()) as Partial<Mark & Undo>
        if (line[MARK] === 'GAP') gaps.push({ from: line.since ?? 0, until: timestamp })
        else if (line.of === service) undos.push(line as Undo)
      }
      if (!reached) return { undos, gaps }
      beyond = reached
    }
  }

  #say(undo: Undo): void {
    const now = this.#moment()
    if (this.#waiting.length >= WAITING_LINES_MAX) {
      const since = this.#waiting[0]?.timestamp ?? now
      this.#waiting = [this.#line({ [MARK]: 'GAP', since }, now)]
      this.#ports.log.warn('the disk does not keep up: a part of the history is missing')
    }
    this.#waiting.push({ timestamp: now, payload: JSON.stringify(undo) })
    this.#wake()
  }

  #mark(mark: Mark): void {
    this.#waiting.push(this.#line(mark, this.#moment()))
    this.#wake()
  }

  /** Never before the line before it, whatever the wall clock does. */
  #moment(): number {
    this.#newest = Math.max(this.#newest, this.#ports.clock.now())
    return this.#newest
  }

  #line(mark: Mark, timestamp: number): Line {
    return { timestamp, payload: JSON.stringify(mark) }
  }

  #wake(): void {
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writing = this.#write()
  }

  /** One append at a time; what comes meanwhile goes together in the next. */
  async #write(): Promise<void> {
    const { storage } = this.#options
    const { clock, log } = this.#ports
    while (this.#waiting.length > 0) {
      const { part, lines } = this.#next()
      try {
        await storage.append({ groupId: GROUP, streamId: part }, lines, clock.now())
      } catch (error) {
        if (await this.#makesRoom(error)) continue
        log.warn('history cannot be written now', { error: (error as Error).message })
        if (this.#isClosed) return
        await clock.sleep(AGAIN_MS)
        continue
      }
      // While it was written the queue may have been given up for a gap.
      if (this.#waiting[0] === lines[0]) this.#waiting.splice(0, lines.length)
    }
    this.#isWriting = false
  }

  /** The lines that go together: of one part, and of no more bytes than go well together. */
  #next(): { readonly part: string; readonly lines: readonly Line[] } {
    const part = partOf(this.#waiting[0]?.timestamp ?? 0)
    let bytes = 0
    const end = this.#waiting.findIndex((line, at) => {
      bytes += sizeOf(line)
      return (at > 0 && bytes > APPEND_BYTES) || partOf(line.timestamp) !== part
    })
    return { part, lines: this.#waiting.slice(0, end === -1 ? undefined : end) }
  }

  /** Where the bytes are used up, the oldest history makes room for the newest. */
  #makesRoom(error: unknown): Promise<boolean> {
    if (!(error instanceof StorageFull)) return Promise.resolve(false)
    return this.#options.storage.dropOldest(GROUP).catch(() => false)
  }

  /** Drops what is too old. */
  async #tidy(): Promise<void> {
    const { storage } = this.#options
    const { clock, log } = this.#ports
    try {
      await storage.expire(GROUP, this.#oldest())
    } catch (error) {
      log.warn('history cannot be tidied up now', { error: (error as Error).message })
    }
    if (!this.#isClosed) this.#callOff = clock.after(TIDY_EVERY_MS, () => void this.#tidy())
  }

  #oldest(): number {
    return this.#ports.clock.now() - this.#options.days * DAY_MS
  }

  /** The parts that may be there, oldest first. */
  #parts(): string[] {
    const now = this.#ports.clock.now()
    const first = Math.floor(this.#oldest() / PART_MS)
    const count = Math.floor(now / PART_MS) - first + 1
    return Array.from({ length: count }, (_, at) => partOf((first + at) * PART_MS))
  }
}

const partOf = (timestamp: number): string => String(Math.floor(timestamp / PART_MS))
