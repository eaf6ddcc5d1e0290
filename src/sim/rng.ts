import type { Ids } from '#kernel/ids.ts'

const GOLDEN = 0x9e3779b9
const PRIME = 0x01000193
const UINT32 = 2 ** 32

/** The only chance in a simulated world: all of it follows from one seed (sfc32). */
export class Rng {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, name = '') {
    let hash = (seed ^ GOLDEN) >>> 0
    for (const character of name)
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), PRIME) >>> 0
    this.#seed = hash
    this.#a = hash
    this.#b = Math.imul(hash, GOLDEN) >>> 0
    this.#c = ~hash >>> 0
    for (let n = 0; n < 15; n++) this.next()
  }

  /** A stream of its own, so that one part's thirst for chance does not move another's. */
  fork(name: string): Rng {
    return new Rng(this.#seed, name)
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum / UINT32
  }

  chance(probability: number): boolean {
    // Drawn even where it cannot matter, so that turning a fault off leaves all other draws as they were.
    return this.next() < probability
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.next() * items.length)]
  }

  ids(): Ids {
    const hex = (digits: number): string => {
      let text = ''
      while (text.length < digits)
        text += Math.floor(this.next() * UINT32)
          .toString(16)
          .padStart(8, '0')
      return text.slice(0, digits)
    }
    return {
      hex,
      uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
      random: () => this.next(),
    }
  }
}
