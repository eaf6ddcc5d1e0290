import { EngineError, type Engine, type Image } from '../engine.ts'

export const PULL_BEHAVIORS = ['default', 'always', 'once', 'prefer-cached'] as const
export type PullBehavior = (typeof PULL_BEHAVIORS)[number]

/** An image with this label exists on this machine only; its name is never asked of a registry. */
const LOCAL_LABEL = 'berth.local'
/** A registry that has not said a word by then is away, and the image that is here already serves. */
const REGISTRY_SILENCE_MS = 5_000

/**
 * Sees to it that the image is on the engine, and gives it.
 * `default` asks the registry and falls back to what is here; `always` does not fall back; `once` and
 * `prefer-cached` ask only for what is not here. (They differ in clean-up, which never removes images so far.)
 */
export async function ensureImage(
  engine: Engine,
  name: string,
  behavior: PullBehavior,
): Promise<Image> {
  const here = await engine.image(name)
  if (here?.labels[LOCAL_LABEL] === 'true') return here
  if (here && (behavior === 'once' || behavior === 'prefer-cached')) return here
  const fallback = behavior === 'always' ? undefined : here
  try {
    await engine.pull(name, fallback && REGISTRY_SILENCE_MS)
  } catch (error) {
    if (fallback) return fallback
    throw error
  }
  const pulled = await engine.image(name)
  if (!pulled) throw new EngineError('CannotPullContainerError', `${name} is gone after its pull`)
  return pulled
}
