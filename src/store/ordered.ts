/** How many strings one chunk holds before it is split: small enough to shift quickly, large enough to be few. */
const CHUNK_LIMIT = 512
/** As many as a number holds exactly, at a byte each. */
const CODE_CHARACTERS = 6
/** Iteration copies some strings at a time, so the set may change while it is read: few at first, for most want few. */
const STRIDE_FIRST = 4
const STRIDE_LIMIT = 256

/**
 * A set of strings in code-unit order. Adding and removing cost a binary search and a short shift. What is compared first
 * is a number made of some characters behind the prefix that all of them share: the numbers lie side by side, while each
 * string has a place of its own in memory, far from the others.
 */
export class OrderedStrings {
  #chunks: Chunk[] = []
  /** The code of the last string of each chunk. */
  #lastCodes: number[] = []
  #size = 0
  #prefix = ''

  get size(): number {
    return this.#size
  }

  /** Replaces the whole content; much faster than adding one by one. */
  fill(sorted: readonly string[]): void {
    const [first = '', last = ''] = [sorted[0], sorted.at(-1)]
    this.#prefix = first.slice(0, sharedLength(first, last))
    this.#chunks = []
    const step = CHUNK_LIMIT / 2
    for (let at = 0; at < sorted.length; at += step)
      this.#chunks.push({ texts: sorted.slice(at, at + step), codes: [] })
    this.#size = sorted.length
    this.#recode()
  }

  add(text: string): void {
    if (this.#size === 0) {
      this.#prefix = text
      this.#chunks = [{ texts: [], codes: [] }]
      this.#lastCodes = [0]
    }
    if (!text.startsWith(this.#prefix)) {
      this.#prefix = text.slice(0, sharedLength(text, this.#prefix))
      this.#recode()
    }
    const code = this.#codeOf(text)
    const at = Math.min(this.#chunkOf(text, code), this.#chunks.length - 1)
    const chunk = this.#chunks[at] as Chunk
    const { texts, codes } = chunk
    const index = lowerBound(chunk, text, code)
    if (texts[index] === text) return
    texts.splice(index, 0, text)
    codes.splice(index, 0, code)
    this.#size++
    if (texts.length > CHUNK_LIMIT) {
      const half = CHUNK_LIMIT / 2
      this.#chunks.splice(at + 1, 0, {
        texts: texts.splice(half, CHUNK_LIMIT),
        codes: codes.splice(half, CHUNK_LIMIT),
      })
      this.#lastCodes.splice(at, 0, codes[half - 1] as number)
    } else if (index === texts.length - 1) this.#lastCodes[at] = code
  }

  /** Gives back the string that was held, if it was. */
  delete(text: string): string | undefined {
    if (!text.startsWith(this.#prefix)) return undefined
    const code = this.#codeOf(text)
    const at = this.#chunkOf(text, code)
    const chunk = this.#chunks[at]
    if (!chunk) return undefined
    const { texts, codes } = chunk
    const index = lowerBound(chunk, text, code)
    if (texts[index] !== text) return undefined
    const [held] = texts.splice(index, 1)
    codes.splice(index, 1)
    this.#size--
    if (texts.length === 0) {
      this.#chunks.splice(at, 1)
      this.#lastCodes.splice(at, 1)
    } else this.#lastCodes[at] = codes[codes.length - 1] as number
    return held
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
    let [at, index] = this.#placeOf(from)
    for (; at < this.#chunks.length; at++, index = 0) {
      const { texts } = this.#chunks[at] as Chunk
      for (; index < texts.length; index++) {
        const text = texts[index] as string
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
    let [at, index] = this.#placeOf(from)
    for (;;) {
      while (--index < 0) {
        if (--at < 0) return out
        index = (this.#chunks[at] as Chunk).texts.length
      }
      const text = (this.#chunks[at] as Chunk).texts[index] as string
      if (!text.startsWith(prefix) || out.length === wanted) return out
      out.push(text)
    }
  }

  /** Where the first string is that is not before `text`; past the end when there is none. */
  #placeOf(text: string): [chunk: number, index: number] {
    if (!text.startsWith(this.#prefix)) return [text < this.#prefix ? 0 : this.#chunks.length, 0]
    const code = this.#codeOf(text)
    const at = this.#chunkOf(text, code)
    const chunk = this.#chunks[at]
    return [at, chunk ? lowerBound(chunk, text, code) : 0]
  }

  /** The first chunk whose last string is not before `text`; past the end when there is none. */
  #chunkOf(text: string, code: number): number {
    const codes = this.#lastCodes
    let low = 0
    let high = codes.length
    while (low < high) {
      const middle = (low + high) >> 1
      const less = (codes[middle] as number) - code
      if (less < 0 || (less === 0 && this.#lastOf(middle) < text)) low = middle + 1
      else high = middle
    }
    return low
  }

  #lastOf(chunk: number): string {
    const { texts } = this.#chunks[chunk] as Chunk
    return texts[texts.length - 1] as string
  }

  /** A text that comes first has no greater number. All have the prefix. */
  #codeOf(text: string): number {
    let at = this.#prefix.length
    let code = 0
    for (let digit = 0; digit < CODE_CHARACTERS; digit++, at++) {
      // The end is less than any character. What is greater than all that a byte can say is all the same, and ends it.
      const value = at < text.length ? Math.min(text.charCodeAt(at) + 1, 255) : 0
      code = code * 256 + value
      if (value === 255) at = text.length
    }
    return code
  }

  #recode(): void {
    for (const chunk of this.#chunks) chunk.codes = chunk.texts.map((text) => this.#codeOf(text))
    this.#lastCodes = this.#chunks.map(({ codes }) => codes[codes.length - 1] as number)
  }
}

type Chunk = { readonly texts: string[]; codes: number[] }

export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function lowerBound({ texts, codes }: Chunk, text: string, code: number): number {
  let low = 0
  let high = texts.length
  while (low < high) {
    const middle = (low + high) >> 1
    const less = (codes[middle] as number) - code
    if (less < 0 || (less === 0 && (texts[middle] as string) < text)) low = middle + 1
    else high = middle
  }
  return low
}

function sharedLength(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  return at
}
