/** A mistake of ours. Never caught to be ignored: the process, or the simulated world, stops. */
export class AssertionFailure extends Error {
  override name = 'AssertionFailure'
}

/** States what must be true here; assertions stay on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message)
}
