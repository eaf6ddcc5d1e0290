/**
 * The lines of a container's json-file log: one JSON object each, in which the engine has put what the container wrote
 * up to the end of its line, or 16 KiB of it. Pure.
 */
export type Line = {
  /** Without its line end. */
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** Where in the file its first byte is, and the one behind its last. */
  readonly from: number
  readonly to: number
}

type Piece = { readonly log?: unknown; readonly stream?: unknown; readonly time?: unknown }
type Open = { text: string; readonly timestamp: number; readonly from: number; to: number }

/** A line that never ends is ended here: more is not kept in memory for it. */
const LINE_CHARACTERS_MAX = 1 << 20
/** Of `2026-01-02T03:04:05.678901234Z`. */
const MILLISECOND_CHARACTERS = 23
const NEWLINE = 10
const HOLE = 0

/** Takes a file piece by piece and gives its lines. Standard output and standard error have each their own open line. */
export class LineReader {
  /** Where the next byte comes from. */
  #at: number
  #rest: Buffer = Buffer.alloc(0)
  readonly #open = new Map<unknown, Open>()
  #lastKey = ''
  #lastInstant = Number.NaN
  /** Records that are none of the engine's: torn by a crash, or written by somebody else. */
  damaged = 0

  constructor(at: number) {
    this.#at = at
  }

  /** How far the file has been read. */
  get position(): number {
    return this.#at + this.#rest.length
  }

  read(bytes: Buffer): Line[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const lines: Line[] = []
    let at = 0
    for (;;) {
      const end = all.indexOf(NEWLINE, at)
      if (end < 0) break
      const line = this.#record(all.subarray(at, end), this.#at + at, this.#at + end + 1)
      if (line) lines.push(line)
      at = end + 1
    }
    this.#rest = all.subarray(at)
    this.#at += at
    return lines
  }

  /** What is left when the container has ended: lines that never got their end. */
  end(): Line[] {
    const lines = [...this.#open.values()].toSorted((one, other) => one.from - other.from)
    this.#open.clear()
    return lines
  }

  /** The first byte of what was read and has not been given yet. */
  get pendingFrom(): number {
    return Math.min(this.#at, ...[...this.#open.values()].map(({ from }) => from))
  }

  /** Many lines have the same millisecond, and reading a time costs as much as the rest of a record. */
  #instant(time: string): number {
    const key = time.slice(0, MILLISECOND_CHARACTERS)
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#lastInstant = Date.parse(time)
    }
    return this.#lastInstant
  }

  #record(bytes: Buffer, from: number, to: number): Line | undefined {
    const piece = parse(bytes)
    if (typeof piece?.log !== 'string' || typeof piece.time !== 'string') {
      this.damaged++
      return undefined
    }
    const open = this.#open.get(piece.stream)
    const isEnd = piece.log.endsWith('\n')
    const text = isEnd ? piece.log.slice(0, -1) : piece.log
    const timestamp = this.#instant(piece.time)
    if (Number.isNaN(timestamp)) {
      this.damaged++
      return undefined
    }
    if (isEnd && !open) return { text, timestamp, from, to }
    const joined: Open = open ?? { text: '', timestamp, from, to }
    joined.text += text
    joined.to = to
    if (!isEnd && joined.text.length < LINE_CHARACTERS_MAX) {
      this.#open.set(piece.stream, joined)
      return undefined
    }
    this.#open.delete(piece.stream)
    return joined
  }
}

function parse(bytes: Buffer): Piece | undefined {
  // What was given back to the disk reads as zeros.
  let start = 0
  while (bytes[start] === HOLE) start++
  const text = bytes.toString('utf8', start)
  try {
    return plain(text) ?? (JSON.parse(text) as Piece)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const LOG = '{"log":"'
const STREAM = '","stream":"'
const STREAM_CHARACTERS = 'stdout'.length
const TIME = '","time":"'
const END = '"}'

/** A record whose line has nothing escaped, as nearly all are, read at half of what any JSON costs. */
function plain(text: string): Piece | undefined {
  const quote = text.indexOf('"', LOG.length)
  const newline = quote - '\\n'.length
  if (text.indexOf('\\', LOG.length) !== newline || text[newline + 1] !== 'n') return undefined
  const stream = quote + STREAM.length
  const time = stream + STREAM_CHARACTERS
  const isPlain =
    text.startsWith(LOG) &&
    text.startsWith(STREAM, quote) &&
    text.startsWith(TIME, time) &&
    text.endsWith(END) &&
    text.indexOf('"', time + TIME.length) === text.length - END.length
  if (!isPlain) return undefined
  return {
    log: `${text.slice(LOG.length, newline)}\n`,
    stream: text.slice(stream, time),
    time: text.slice(time + TIME.length, -END.length),
  }
}
