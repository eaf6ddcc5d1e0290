/** How who holds the thread for long lets others have it. */
import type { Clock } from './clock.ts'

/** How late a timer may be while nobody holds the thread. */
const LATE_MS = 1

/**
 * Others have the thread for moments, one after the other, as long as they want it and no longer than `limitMs`: many
 * short wishes fit in. A moment that ends on time is one in which nobody wanted it for long.
 */
export async function giveWay(clock: Clock, momentMs: number, limitMs: number): Promise<void> {
  const end = clock.now() + limitMs
  let before: number
  do {
    before = clock.now()
    await clock.sleep(momentMs)
  } while (clock.now() > before + momentMs + LATE_MS && clock.now() < end)
}
