/** A text that is longer is none of those that are kept. */
const TEXT_CHARS_MAX = 8 * 1024

export type Listed = { readonly id: string; readonly labels: Readonly<Record<string, string>> }

/**
 * Reads the Engine's list of containers as it comes, and keeps of each its id and the labels that are asked for. The
 * list as a whole has no limit: everybody's labels are in it, those of images too.
 */
export class ListReader {
  readonly #kept: ReadonlySet<string>
  readonly #listed: Listed[] = []
  /** Of the container that is being read. */
  #id = ''
  #labels: Record<string, string> = {}
  /** The list is the first level, a container the second, its labels the third. */
  #level = 0
  /** The member that each level is at. */
  readonly #members: (string | undefined)[] = []
  /** The last text, until it is clear whether it names a member or is its value. */
  #text: string | undefined
  /** The raw parts of the text that is being read; `undefined` outside of texts. */
  #parts: string[] | undefined
  #chars = 0
  #isEscaped = false

  constructor(kept: readonly string[]) {
    this.#kept = new Set(kept)
  }

  get listed(): readonly Listed[] {
    return this.#listed
  }

  read(chunk: string): void {
    let at = 0
    while (at < chunk.length)
      at = this.#parts ? this.#readText(this.#parts, chunk, at) : this.#readMark(chunk, at)
  }

  /** Reads to the end of the text, or of the chunk; gives where it goes on. */
  #readText(parts: string[], chunk: string, from: number): number {
    let end = from
    for (; end < chunk.length; end += 1) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (chunk[end] === '\\') this.#isEscaped = true
      else if (chunk[end] === '"') break
    }
    this.#chars += end - from
    if (this.#chars <= TEXT_CHARS_MAX) parts.push(chunk.slice(from, end))
    if (end === chunk.length) return end
    const isShort = this.#chars <= TEXT_CHARS_MAX
    this.#text = isShort ? (JSON.parse(`"${parts.join('')}"`) as string) : undefined
    this.#parts = undefined
    return end + 1
  }

  #readMark(chunk: string, at: number): number {
    switch (chunk[at]) {
      case '"':
        this.#parts = []
        this.#chars = 0
        break
      case ':':
        this.#members[this.#level] = this.#text
        this.#text = undefined
        break
      case ',':
        this.#take()
        break
      case '{':
      case '[':
        this.#level += 1
        this.#members[this.#level] = undefined
        break
      case '}':
      case ']':
        this.#take()
        if (this.#level === 2) this.#endContainer()
        this.#level -= 1
        break
      default:
      // Numbers, words and spaces say nothing here.
    }
    return at + 1
  }

  /** The last text was a value. */
  #take(): void {
    const value = this.#text
    const [, , member, label = ''] = this.#members
    this.#text = undefined
    if (value === undefined) return
    if (this.#level === 2 && member === 'Id') this.#id = value
    if (this.#level === 3 && member === 'Labels' && this.#kept.has(label))
      this.#labels[label] = value
  }

  #endContainer(): void {
    this.#listed.push({ id: this.#id, labels: this.#labels })
    this.#id = ''
    this.#labels = {}
  }
}
