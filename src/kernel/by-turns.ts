/** What waits, by whose it is: owners give their oldest in turn, so that no one's many keep another's waiting for all of them. */
export class ByTurns<Owner, T> {
  /** In the order in which owners are taken from next. */
  readonly #waiting = new Map<Owner, T[]>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  add(owner: Owner, item: T): void {
    const own = this.#waiting.get(owner)
    if (own) own.push(item)
    else this.#waiting.set(owner, [item])
  }

  /** Takes out the oldest of the next owner, of those who may. */
  next(may: (owner: Owner) => boolean = () => true): { owner: Owner; item: T } | undefined {
    for (const [owner, own] of this.#waiting) {
      if (!may(owner)) continue
      const item = own.shift() as T
      this.#waiting.delete(owner)
      if (own.length > 0) this.#waiting.set(owner, own)
      return { owner, item }
    }
    return undefined
  }
}
