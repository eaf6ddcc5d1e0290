import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'

import { Backoff } from '../backoff.ts'
import { CallFault } from '../control-plane.ts'
import type { Slots } from '../slots.ts'
import { type Batch, batches, type Event, EventMaker, lookedAt, type Sized } from './events.ts'
import { LineReader } from './lines.ts'
import type { AwslogsOptions } from './options.ts'
import { Sending } from './sending.ts'
import type { Spool } from './spool.ts'
import type { LogStream } from './stream.ts'

/** How much is read at a time: a few full batches, which are made while others are on their way. */
const CHUNK_BYTES = 4 << 20
const PIECE_BYTES = 128 << 10
/** After so many others have their turn. */
const CHUNKS_PER_PASS = 32
/** After less than this a moment is waited for more, so that quiet containers do not make a call a line. */
const SMALL_BYTES = 256 << 10
const LINGER_MS = 100
/** Should the file's watch miss something. */
const LOOK_MS = 500
/** An event of several lines is sent as it is this long after its first line came, as Docker's driver does. */
const JOIN_MS = 5_000
const RETRY = { minMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2 }
/** Sent bytes are given back in steps of this many. */
const FREE_BYTES = 16 << 20

export type FollowerOptions = {
  readonly containerId: string
  /** The engine's file. */
  readonly path: string
  readonly options: AwslogsOptions
  readonly stream: LogStream
  readonly spool: Spool
  /** Passes that are under way at once: what they hold is what the agent holds of all logs. */
  readonly passes: Slots
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

/**
 * Sends one container's output to its stream. What was acknowledged is noted after it was, so that a crash repeats the
 * last calls' events and loses none; in blocking mode nothing else loses any either.
 */
export class Follower {
  readonly #of: FollowerOptions
  readonly #stop = new AbortController()
  readonly #backoff: Backoff
  #reader = new LineReader(0)
  #maker: EventMaker
  /** Before this everything has been acknowledged. */
  #offset = 0
  /** How long the file was when it was last looked at. */
  #bytes = 0
  #identity = 0
  #freedTo = 0
  #isOver = false
  /** The container ended, or began again, since the file was last looked at. */
  #hasChanged = false
  #wake: (() => void) | undefined
  /** Resolves when all is sent after the container's end, or when the follower was stopped. */
  readonly ended: Promise<void>
  /** What the last try said, when it failed. */
  #failure: unknown
  #isFinished = false
  /** The event that is kept back, and since when it is. */
  #kept = { from: Infinity, since: 0 }

  constructor(options: FollowerOptions) {
    this.#of = options
    this.#backoff = new Backoff(RETRY, options.ids)
    this.#maker = new EventMaker(options.options.begins)
    this.ended = this.#run()
  }

  /** The container has ended: what is there is all there will be. It may start again. */
  over(isOver: boolean): void {
    if (this.#isOver === isOver) return
    this.#isOver = isOver
    this.#hasChanged = true
    this.#wake?.()
  }

  /** True when everything was sent, or never can be; for the container's removal, which waits for it. */
  get isSent(): boolean {
    return this.#isFinished || (this.#failure instanceof CallFault && !this.#failure.again)
  }

  /** The container and its log are gone: what was not sent by now is lost. */
  removed(): void {
    this.stop()
    const bytes = this.#bytes - this.#offset
    if (this.#failure instanceof Error && bytes > 0)
      this.#lost({ bytes }, `nobody took them: ${this.#failure.message}`)
  }

  /** What was read and is not acknowledged will be sent again by whoever follows next. */
  stop(): void {
    this.#stop.abort(new Error('the follower stops'))
    this.#wake?.()
  }

  async #run(): Promise<void> {
    const { log, containerId } = this.#of
    while (!this.#stop.signal.aborted) {
      try {
        const count = await this.#of.passes.run(() => this.#pass())
        this.#failure = undefined
        this.#backoff.reset()
        if (count === 'end') {
          this.#isFinished = true
          return
        }
        if (count === 0) await this.#waitForMore()
        else if (count < SMALL_BYTES) await this.#wait(LINGER_MS)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failure = error
        log.warn('cannot send a log', { containerId, error: String(error) })
        // All that was not acknowledged is read again, so nothing is held meanwhile.
        this.#identity = 0
        await this.#wait(this.#backoff.nextMs())
      }
    }
  }

  /** Reads and sends until little is left; gives how much was read last, or that the output has come to its end. */
  async #pass(): Promise<number | 'end'> {
    const sending = new Sending({
      put: (events) => this.#put(events),
      taken: ({ to }) => this.#acknowledge(to),
    })
    try {
      for (let chunks = 1; ; chunks++) {
        const { made, bytes, isEnd } = await this.#read()
        for (const batch of made) await sending.add(batch)
        if (bytes >= SMALL_BYTES && chunks < CHUNKS_PER_PASS) continue
        await sending.end()
        if (isEnd) await this.#acknowledge(this.#reader.position)
        return isEnd ? 'end' : bytes
      }
    } finally {
      // Whatever is still on its way must not be noted once the file is read anew.
      await sending.settled()
    }
  }

  async #read(): Promise<{ made: Batch[]; bytes: number; isEnd: boolean }> {
    const { spool, path, options } = this.#of
    this.#hasChanged = false
    const isOver = this.#isOver
    const file = await spool.look(path)
    if (!file) return { made: [], bytes: 0, isEnd: isOver }
    this.#bytes = file.bytes
    if (file.identity !== this.#identity || file.bytes < this.#reader.position)
      await this.#begin(file.identity, file.bytes)
    await this.#skip(file.bytes)
    const damaged = this.#reader.damaged
    const events: Sized[] = []
    let bytes = 0
    // In small pieces, so that what is on its way meanwhile is not kept waiting by the reading.
    const most = lookedAt(options.begins, PIECE_BYTES)
    let piece = most
    for (; piece === most && bytes < CHUNK_BYTES; bytes += piece) {
      const read = await spool.read(path, this.#reader.position, most)
      piece = read.length
      for (const line of this.#reader.read(read)) this.#maker.add(line, events)
    }
    if (this.#reader.damaged > damaged)
      this.#lost({ events: this.#reader.damaged - damaged }, 'their records are damaged')
    const isEnd = bytes === 0 && isOver
    if (isEnd) for (const line of this.#reader.end()) this.#maker.add(line, events)
    if (isEnd || (this.#isOld() && piece < most)) this.#maker.end(events)
    // What is kept back is not done with, whatever comes of the rest.
    const kept = Math.min(this.#reader.pendingFrom, this.#maker.pendingFrom)
    const made = batches(events).map((batch) => ({ ...batch, to: Math.min(batch.to, kept) }))
    return { made, bytes, isEnd }
  }

  /** From where an earlier life of the agent got to, if it is the same file still. */
  async #begin(identity: number, bytes: number): Promise<void> {
    const saved = await this.#of.spool.load(this.#of.containerId)
    this.#offset = saved?.identity === identity && saved.offset <= bytes ? saved.offset : 0
    this.#identity = identity
    this.#freedTo = Math.min(this.#freedTo, this.#offset)
    this.#reader = new LineReader(this.#offset)
    this.#maker = new EventMaker(this.#of.options.begins)
  }

  /** Drops the oldest of what waits, where more waits than may. */
  async #skip(bytes: number): Promise<void> {
    const { spool, path, options } = this.#of
    if (bytes - this.#reader.position <= options.bufferBytesMax) return
    const to = bytes - options.bufferBytesMax
    let lines = 0
    for (let at = this.#reader.position; at < bytes;) {
      const chunk = await spool.read(path, at, CHUNK_BYTES)
      const last = chunk.indexOf(10, Math.max(0, to - at))
      const end = at + chunk.length > to && last >= 0 ? last + 1 : chunk.length
      for (let i = chunk.indexOf(10); i >= 0 && i < end; i = chunk.indexOf(10, i + 1)) lines++
      at += end
      if (chunk.length === 0 || (at >= to && last >= 0)) {
        this.#reader = new LineReader(at)
        break
      }
    }
    this.#maker = new EventMaker(options.begins)
    this.#lost({ events: lines }, 'more waited than max-buffer-size')
  }

  /** Whether an event has been kept back for long enough. A clock that is set back makes none wait longer. */
  #isOld(): boolean {
    const [now, from] = [this.#of.clock.now(), this.#maker.pendingFrom]
    if (from !== this.#kept.from) this.#kept = { from, since: now }
    return Math.abs(now - this.#kept.since) >= JOIN_MS
  }

  async #put(events: readonly Event[]): Promise<void> {
    this.#stop.signal.throwIfAborted()
    const rejected = await this.#of.stream.put(events)
    if (rejected > 0)
      this.#lost({ events: rejected }, 'the log group does not take events of their time')
  }

  async #acknowledge(offset: number): Promise<void> {
    const { spool, path, containerId, log } = this.#of
    if (offset <= this.#offset) return
    this.#offset = offset
    await spool.save(containerId, { identity: this.#identity, offset })
    if (offset - this.#freedTo < FREE_BYTES) return
    this.#freedTo = offset
    await spool.free(path, offset).catch((error: unknown) => {
      log.warn('cannot give back the space of a log that was sent', { path, error: String(error) })
    })
  }

  #lost(what: { readonly events: number } | { readonly bytes: number }, why: string): void {
    const { containerId, stream, log } = this.#of
    log.warn('log events were lost', { containerId, ...stream.names, ...what, why })
  }

  /**
   * Until the file has grown, or the container is over, or for a while. It is watched only now: an engine that writes a
   * hundred thousand lines a second would tell of each.
   */
  async #waitForMore(): Promise<void> {
    const { spool, path, clock } = this.#of
    let unwatch = (): void => {}
    let disarm = (): void => {}
    await new Promise<void>((done) => {
      if (this.#stop.signal.aborted || this.#hasChanged) return done()
      this.#wake = done
      disarm = clock.after(LOOK_MS, done)
      unwatch = spool.watch(path, done)
      void this.#hasGrown().then((hasGrown) => hasGrown && this.#wake?.())
    })
    disarm()
    unwatch()
    this.#wake = undefined
  }

  /** What came between the last read and the watch is told by nobody. */
  async #hasGrown(): Promise<boolean> {
    const file = await this.#of.spool.look(this.#of.path).catch(() => undefined)
    return file !== undefined && file.bytes !== this.#reader.position
  }

  /** Ends early only when the follower stops. */
  async #wait(ms: number): Promise<void> {
    await this.#of.clock.sleep(ms, this.#stop.signal).catch(() => {})
  }
}
