/** How many strings one chunk holds before it is split: small enough to shift quickly, large enough to be few. */
const CHUNK_LIMIT = 512
/** Iteration copies some strings at a time, so the set may change while it is read: few at first, for most want few. */
const STRIDE_FIRST = 4
const STRIDE_LIMIT = 256

/** A set of strings in code-unit order. Adding and removing cost a binary search and a short shift. */
export class OrderedStrings {
  #chunks: string[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Replaces the whole content; much faster than adding one by one. */
  fill(sorted: readonly string[]): void {
    this.#chunks = []
    const step = CHUNK_LIMIT / 2
    for (let at = 0; at < sorted.length; at += step) this.#chunks.push(sorted.slice(at, at + step))
    this.#size = sorted.length
  }

  add(text: string): void {
    const at = Math.min(this.#chunkOf(text), this.#chunks.length - 1)
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([text])
      this.#size = 1
      return
    }
    const index = lowerBound(chunk, text)
    if (chunk[index] === text) return
    chunk.splice(index, 0, text)
    this.#size++
    if (chunk.length > CHUNK_LIMIT)
      this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_LIMIT / 2, CHUNK_LIMIT))
  }

  /** Gives back the string that was held, if it was. */
  delete(text: string): string | undefined {
    const at = this.#chunkOf(text)
    const chunk = this.#chunks[at]
    if (!chunk) return undefined
    const index = lowerBound(chunk, text)
    if (chunk[index] !== text) return undefined
    const [held] = chunk.splice(index, 1)
    this.#size--
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    return held
  }

  get last(): string | undefined {
    return this.#chunks.at(-1)?.at(-1)
  }

  /** All strings with the prefix, in order; only those after (or, in reverse, before) `after` where it is given. */
  *scan(prefix: string, after?: string, reverse = false): Generator<string> {
    let last = after
    for (let wanted = STRIDE_FIRST; ; wanted = Math.min(wanted * 2, STRIDE_LIMIT)) {
      const stride = reverse
        ? this.#before(prefix, last, wanted)
        : this.#after(prefix, last, wanted)
      yield* stride
      if (stride.length < wanted) return
      last = stride[stride.length - 1]
    }
  }

  #after(prefix: string, last: string | undefined, wanted: number): string[] {
    const from = last !== undefined && last > prefix ? last : prefix
    const out: string[] = []
    let at = this.#chunkOf(from)
    let index = lowerBound(this.#chunks[at] ?? [], from)
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at] as string[]
      for (; index < chunk.length; index++) {
        const text = chunk[index] as string
        if (!text.startsWith(prefix) || out.length === wanted) return out
        if (text !== last) out.push(text)
      }
    }
    return out
  }

  #before(prefix: string, last: string | undefined, wanted: number): string[] {
    const end = `${prefix}\uffff`
    const from = last !== undefined && last < end ? last : end
    const out: string[] = []
    let at = Math.min(this.#chunkOf(from), this.#chunks.length - 1)
    let index = at < 0 ? -1 : lowerBound(this.#chunks[at] as string[], from) - 1
    for (; at >= 0; at--, index = (this.#chunks[at]?.length ?? 0) - 1) {
      const chunk = this.#chunks[at] as string[]
      for (; index >= 0; index--) {
        const text = chunk[index] as string
        if (!text.startsWith(prefix) || out.length === wanted) return out
        out.push(text)
      }
    }
    return out
  }

  /** The first chunk whose last string is not before `text`; past the end when there is none. */
  #chunkOf(text: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const chunk = this.#chunks[middle] as string[]
      if ((chunk[chunk.length - 1] as string) < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) < text) low = middle + 1
    else high = middle
  }
  return low
}
