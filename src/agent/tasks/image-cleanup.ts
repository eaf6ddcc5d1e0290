/**
 * Images that the agent pulled and nobody needs any more are removed, a few at a time, the longest unused first. What
 * others brought to the engine is never touched.
 */
import type { Clock } from '#kernel/clock.ts'
import type { Log } from '#kernel/log.ts'
import { keepNewest } from '#kernel/newest.ts'

import type { ImageCleanup as Limits } from '../config.ts'
import type { Engine } from '../engine.ts'
import type { EnsuredImage } from './images.ts'

/** By the image's name, or by its id where its name is another image's by now; milliseconds since the epoch. */
export type PulledImages = Readonly<Record<string, PulledImage>>
type PulledImage = {
  readonly pulledAt: number
  readonly usedAt: number
  /** Others had brought it to the engine. */
  readonly isTheirs?: boolean
}

/** Names that are remembered; one that is forgotten stays on the engine. */
const IMAGES_MAX = 5000

const ID = /^sha256:/

/** Which images to remove now. */
export function imagesToRemove(
  images: PulledImages,
  inUse: ReadonlySet<string>,
  now: number,
  { minimumAgeMs, perCycle }: Limits,
): readonly string[] {
  return Object.entries(images)
    .filter(([, { isTheirs }]) => !isTheirs)
    .filter(([name, { pulledAt }]) => !inUse.has(name) && now - pulledAt >= minimumAgeMs)
    .toSorted(([, one], [, other]) => one.usedAt - other.usedAt)
    .slice(0, perCycle)
    .map(([name]) => name)
}

export type ImageCleanupOptions = {
  readonly engine: Engine
  readonly clock: Clock
  readonly log: Log
  /** `undefined` for no clean-up. */
  readonly limits: Limits | undefined
  readonly images: PulledImages
  readonly inUse: () => ReadonlySet<string>
}

export class ImageCleanup {
  readonly #options: ImageCleanupOptions
  readonly #images: Map<string, PulledImage>
  #cancel: (() => void) | undefined

  constructor(options: ImageCleanupOptions) {
    this.#options = options
    this.#images = new Map(Object.entries(options.images))
  }

  get images(): PulledImages {
    return Object.fromEntries(this.#images)
  }

  start(): void {
    const { clock, limits } = this.#options
    if (!limits) return
    this.#cancel = clock.after(limits.intervalMs, () => {
      void this.#cycle(limits).finally(() => this.#cancel && this.start())
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** A container is made of it. What a pull took the name from is nobody's, unless a container is still made of that. */
  used(
    name: string,
    { pulled, asked, replaced }: Pick<EnsuredImage, 'pulled' | 'asked' | 'replaced'>,
  ): void {
    const now = this.#options.clock.now()
    const before = this.#images.get(name)
    if (!before && !pulled && !asked) return
    const isTheirs = !pulled && (before?.isTheirs ?? !before)
    if (before && !isTheirs && replaced !== undefined)
      this.#images.set(replaced, { pulledAt: now, usedAt: before.usedAt })
    const pulledAt = before?.pulledAt ?? now
    this.#images.set(name, { pulledAt, usedAt: now, ...(isTheirs && { isTheirs }) })
    keepNewest(this.#images, IMAGES_MAX)
  }

  /** Whether a task here had a registry asked for it. */
  wasAsked(name: string): boolean {
    return this.#images.has(name)
  }

  async #cycle(limits: Limits): Promise<void> {
    const { engine, clock, log, inUse } = this.#options
    for (const name of imagesToRemove(this.images, inUse(), clock.now(), limits))
      try {
        if (ID.test(name) && (await this.#hasName(name))) continue
        await engine.removeImage(name)
        // A container may hold it: then it is in use, and others come before it in the next cycle.
        if (await engine.image(name)) {
          this.#touch(name)
          continue
        }
        this.#images.delete(name)
        log.info('removed an unused image', { image: name })
      } catch (error) {
        log.warn('cannot remove an image', { image: name, error: String(error) })
      }
  }

  #touch(name: string): void {
    const image = this.#images.get(name)
    if (image) this.#images.set(name, { ...image, usedAt: this.#options.clock.now() })
  }

  /** Whether somebody gave it a name since: by its id it would be removed with that name. */
  async #hasName(id: string): Promise<boolean> {
    const image = await this.#options.engine.image(id)
    if (!image?.tags.length) return false
    this.#images.delete(id)
    return true
  }
}
