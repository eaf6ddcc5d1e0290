/** What happened, in order: rows that are numbered without gaps, of which the newest are kept. */
export type Stream<T> = {
  readonly name: string
  /** How many are kept. */
  readonly limit: number
  /** Only for the type checker: what a row is. */
  readonly _row?: T
}

/** The limits of streams by their names, which is all that a log knows of them. */
const limits = new Map<string, number>()

/** Its name is its identity in the log. */
export function stream<T extends object>(name: string, limit: number): Stream<T> {
  limits.set(name, limit)
  return { name, limit }
}
/** The limit of the stream that a log names: nothing where it names a table. */
export const streamLimit = (name: string): number | undefined => limits.get(name)

export type Numbered<T> = { readonly number: number; readonly row: Readonly<T> }

/** The rows of one stream: each in the place of the one that it makes too many. */
export class StreamRows {
  readonly #rows: (object | undefined)[]
  #first = 1
  #last = 0

  constructor(limit: number) {
    this.#rows = Array.from({ length: limit })
  }

  /** The number of the newest row there ever was. */
  get last(): number {
    return this.#last
  }

  get(number: number): object | undefined {
    return number < this.#first || number > this.#last ? undefined : this.#rows[this.#at(number)]
  }

  /** Returns what it made too many. */
  append(row: object): object | undefined {
    const gone = this.get(this.#last + 1 - this.#rows.length)
    this.#last += 1
    this.#first = Math.max(this.#first, this.#last + 1 - this.#rows.length)
    this.#rows[this.#at(this.#last)] = row
    return gone
  }

  /** Takes the newest back, and gives back what it had made too many. */
  takeBack(gone: object | undefined): void {
    this.#rows[this.#at(this.#last)] = gone
    if (gone) this.#first -= 1
    this.#last -= 1
  }

  /** As a log gives it back. What is older than one that is missing was not kept. */
  restore(number: number, row: object): void {
    if (number <= this.#last) return
    if (number !== this.#last + 1) {
      this.#first = number
      this.#last = number - 1
    }
    this.append(row)
  }

  /** Puts another row in the place of each. */
  change(by: (row: object) => object): void {
    this.#rows.forEach((row, at) => {
      if (row) this.#rows[at] = by(row)
    })
  }

  /** Those of now: what is appended while they are read is not among them. */
  *after(number: number): Generator<Numbered<object>> {
    const last = this.#last
    for (let at = Math.max(number + 1, this.#first); at <= last; at += 1) {
      const row = this.get(at)
      if (row) yield { number: at, row }
    }
  }

  #at(number: number): number {
    return (number - 1) % this.#rows.length
  }
}
