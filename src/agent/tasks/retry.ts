import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'

import { Backoff } from '../backoff.ts'

/** As often as Amazon's agent asks, and with its waits. */
const PULLS_MAX = 5
const WAIT = { minMs: 1100, maxMs: 5000, factor: 2, jitter: 0.2 }
/** What a registry says that it will say again. */
const FOR_GOOD =
  /not found|manifest unknown|name unknown|denied|unauthorized|no basic auth|authentication required|invalid reference|no matching manifest/i

/** Tries a pull again while what the registry says may change. */
export async function pullWithRetries(
  pull: () => Promise<void>,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
): Promise<void> {
  const backoff = new Backoff(WAIT, ids)
  for (let left = PULLS_MAX; ; left -= 1)
    try {
      await pull()
      return
    } catch (error) {
      if (left <= 1 || FOR_GOOD.test((error as Error).message)) throw error
      await clock.sleep(backoff.nextMs())
    }
}
