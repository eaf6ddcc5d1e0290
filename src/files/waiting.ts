/** How many questions of one room wait, by who asks: no one's many keep another's out. */
import { fairPart } from '#kernel/fair-part.ts'

/** Of all together; one that is alone may have half. */
const QUESTIONS_MAX = 2000

export class Waiting {
  readonly #of = new Map<string, number>()
  #all = 0

  isFull(who: string): boolean {
    const own = this.#of.get(who) ?? 0
    return own >= fairPart(QUESTIONS_MAX, this.#all - own)
  }

  add(who: string): void {
    this.#all++
    this.#of.set(who, (this.#of.get(who) ?? 0) + 1)
  }

  remove(who: string): void {
    this.#all--
    const left = (this.#of.get(who) ?? 1) - 1
    if (left === 0) this.#of.delete(who)
    else this.#of.set(who, left)
  }
}
