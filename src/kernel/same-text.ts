/** Texts that a parser makes anew each time and that many records repeat, such as an image's digest: each is held once. */
import { keepNewest } from './newest.ts'

const HELD_MAX = 10_000

const held = new Map<string, string>()

/** The text that was held first, of all that are equal. One that was not seen for long may be held again. */
export function sameText(text: string): string {
  const first = held.get(text)
  if (first !== undefined) return first
  held.set(text, text)
  keepNewest(held, HELD_MAX)
  return text
}
