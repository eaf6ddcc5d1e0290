/** A registry of images. What a tag means may be pushed anew; what a digest means never changes. */
const DIGEST_DIGITS = 64

export class Images {
  /** By tag, every digest that it has meant, the newest last. */
  readonly #pushed = new Map<string, string[]>()
  #count = 0

  constructor(tags: readonly string[]) {
    for (const tag of tags) this.push(tag)
  }

  /** From now on the tag means another image, with the same programs in it. */
  push(tag: string): void {
    this.#count += 1
    const digest = `sha256:${String(this.#count).padStart(DIGEST_DIGITS, '0')}`
    this.#pushed.set(tag, [...(this.#pushed.get(tag) ?? []), digest])
  }

  /** What a tag means now, or the digest that the reference names; nothing where there is no such image. */
  digestOf(reference: string): string | undefined {
    const [name = '', digest] = reference.split('@')
    if (digest === undefined) return this.#pushed.get(name)?.at(-1)
    for (const [tag, digests] of this.#pushed)
      if (tag.startsWith(`${name}:`) && digests.includes(digest)) return digest
    return undefined
  }
}
