import { fairPart } from './fair-part.ts'

/** What several have of one whole, by their names: each may have half of what the others leave. */
export class Shares<Name> {
  readonly #limit: number
  readonly #ofName = new Map<Name, number>()
  #all = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  of(name: Name): number {
    return this.#ofName.get(name) ?? 0
  }

  /** How much this one may have now, with what it has. */
  partOf(name: Name): number {
    return fairPart(this.#limit, this.#all - this.of(name))
  }

  /** Less, where `more` is negative. */
  add(name: Name, more: number): void {
    const own = this.of(name) + more
    this.#all += more
    if (own === 0) this.#ofName.delete(name)
    else this.#ofName.set(name, own)
  }
}
