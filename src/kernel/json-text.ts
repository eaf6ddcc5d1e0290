/** What a JSON text will cost its parser, found without parsing it: a stranger's text is counted before it is built. */

export type JsonCounts = {
  /** Members of all objects together, doubled ones twice. */
  readonly members: number
  /** Values of all lists and objects together, or a few more. */
  readonly values: number
  readonly depth: number
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [34, 44, 58, 92]
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [91, 93, 123, 125]

/** Counts by signs outside strings, and ends early where there is more than `max` of something. */
export function jsonCounts(
  text: string,
  max: { readonly depth: number; readonly values: number },
): JsonCounts {
  let [members, values, depth, deepest] = [0, 1, 0, 0]
  for (let at = 0; at < text.length && deepest <= max.depth && values <= max.values; at++) {
    const sign = text.charCodeAt(at)
    if (sign === QUOTE) at = endOfString(text, at)
    else if (sign === COLON) members++
    else if (sign === COMMA) values++
    else if (sign === OPEN_LIST || sign === OPEN_MAP) {
      values++
      if (++depth > deepest) deepest = depth
    } else if (sign === CLOSE_LIST || sign === CLOSE_MAP) depth--
  }
  return { members, values, depth: deepest }
}

/** Where the string that begins at `start` ends: at a quote that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
