/** Hosts in the order of their scores: the best is first, and any one can be moved or taken out. */

export type Entry = {
  /** What is less is better; a later one decides where all before it are equal. */
  readonly scores: number[]
  /** Decides between equals. */
  draw: number
  /** Decides where chance does not, so that the same hosts give the same answer whatever came before. */
  readonly key: string
  /** Its place in the heap; -1 while it is not in it. */
  at: number
}

export class Heap<E extends Entry> {
  readonly #entries: E[] = []

  get first(): E | undefined {
    return this.#entries[0]
  }

  /** Adds it, or moves it to where its scores belong now. */
  put(entry: E): void {
    if (entry.at < 0) entry.at = this.#entries.push(entry) - 1
    if (!this.#up(entry)) this.#down(entry)
  }

  remove(entry: E): void {
    const { at } = entry
    if (at < 0) return
    const last = this.#entries.pop() as E
    entry.at = -1
    if (last === entry) return
    this.#set(last, at)
    if (!this.#up(last)) this.#down(last)
  }

  #up(entry: E): boolean {
    const from = entry.at
    let at = from
    while (at > 0) {
      const parent = this.#entries[(at - 1) >> 1] as E
      if (!isBefore(entry, parent)) break
      this.#set(parent, at)
      at = (at - 1) >> 1
    }
    this.#set(entry, at)
    return at !== from
  }

  #down(entry: E): void {
    const entries = this.#entries
    let { at } = entry
    for (;;) {
      let child = 2 * at + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && isBefore(entries[child + 1] as E, entries[child] as E))
        child += 1
      if (!isBefore(entries[child] as E, entry)) break
      this.#set(entries[child] as E, at)
      at = child
    }
    this.#set(entry, at)
  }

  #set(entry: E, at: number): void {
    this.#entries[at] = entry
    entry.at = at
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  for (let at = 0; at < one.scores.length; at += 1) {
    const less = (one.scores[at] as number) - (other.scores[at] as number)
    if (less !== 0) return less < 0
  }
  return one.draw === other.draw ? one.key < other.key : one.draw < other.draw
}
