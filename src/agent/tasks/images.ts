import type { PullBehavior } from '../config.ts'
import { EngineError, type Engine, type Image } from '../engine.ts'

/** An image with this label exists on this machine only; its name is never asked of a registry. */
const LOCAL_LABEL = 'berth.local'
/** A registry that has not said a word by then is away, and the image that is here already serves. */
const REGISTRY_SILENCE_MS = 5_000

/** How a pull is tried again. */
export type Again = (pull: () => Promise<void>) => Promise<void>
/**
 * `pulled` where it was not on the engine before, `asked` where a registry gave it; `replaced` is the id of the image that
 * had the name before the pull.
 */
export type EnsuredImage = Image & {
  readonly pulled: boolean
  readonly asked: boolean
  readonly replaced?: string
}

export type ImageWish = {
  readonly behavior: PullBehavior
  /** Whether an earlier task here had a registry asked for it. */
  readonly wasAsked?: boolean
  readonly again?: Again
}

/**
 * Sees to it that the image is on the engine, and gives it.
 * `default` asks the registry and falls back to what is here; `always` does not fall back; `once` asks for the first
 * task that wants it, also where others have brought it here; `prefer-cached` asks only for what is not here, and with
 * it no image is ever cleaned up.
 */
export async function ensureImage(
  engine: Engine,
  name: string,
  { behavior, wasAsked = false, again = (pull) => pull() }: ImageWish,
): Promise<EnsuredImage> {
  const here = await engine.image(name)
  const pulled = here === undefined
  if (here?.labels[LOCAL_LABEL] === 'true') return { ...here, pulled, asked: false }
  const isEnough = behavior === 'prefer-cached' || (behavior === 'once' && wasAsked)
  if (here && isEnough) return { ...here, pulled, asked: false }
  const fallback = behavior === 'always' ? undefined : here
  try {
    // With an image at hand nobody waits for a registry that is away.
    await (fallback
      ? engine.pull(name, REGISTRY_SILENCE_MS)
      : again(() => engine.pull(name, undefined)))
  } catch (error) {
    if (fallback) return { ...fallback, pulled, asked: false }
    throw error
  }
  const now = await engine.image(name)
  if (!now) throw new EngineError('CannotPullContainerError', `${name} is gone after its pull`)
  const isOther = here !== undefined && here.id !== now.id
  return { ...now, pulled, asked: true, ...(isOther && { replaced: here.id }) }
}
