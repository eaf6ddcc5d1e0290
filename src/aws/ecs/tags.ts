/** Tags: their limits, and where they are kept. */
import type { Tag } from '#contract/ecs.ts'

import { clientException, invalidParameter } from './names/names.ts'

const TAGS_MAX = 50
const KEY_MAX = 128
const VALUE_MAX = 256
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

export function validateTags(tags: readonly Tag[] = []): void {
  if (tags.length > TAGS_MAX)
    throw invalidParameter(`The maximum number of tags (${TAGS_MAX}) has been exceeded.`)
  const keys = new Set<string>()
  for (const { key, value = '' } of tags) {
    if (!key) throw invalidParameter('Tag key must not be empty.')
    if (/^aws:/i.test(key))
      throw invalidParameter(
        "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @. The prefix 'aws:' is reserved.",
      )
    if (key.length > KEY_MAX)
      throw invalidParameter(
        `Tag keys can have a maximum character length of ${KEY_MAX} characters.`,
      )
    if (value.length > VALUE_MAX)
      throw invalidParameter(`Tag values can have a maximum length of ${VALUE_MAX} characters.`)
    if (!CHARACTERS.test(key) || !CHARACTERS.test(value))
      throw invalidParameter(
        'Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @.',
      )
    if (keys.has(key)) throw invalidParameter(`Duplicate tag keys found: '${key}'.`)
    keys.add(key)
  }
}

/** The tags as they are kept: a missing value reads back as missing. */
export const keptTags = (tags: readonly Tag[] = []): Tag[] =>
  tags.map(({ key, value }) => (value === undefined ? { key } : { key, value }))

export function addTags(before: readonly Tag[], added: readonly Tag[]): Tag[] {
  const all = new Map(before.map((tag) => [tag.key, tag]))
  for (const tag of keptTags(added)) all.set(tag.key, tag)
  // Those that ECS itself gives do not count.
  const own = [...all.keys()].filter((key) => !key?.startsWith('aws:'))
  if (own.length > TAGS_MAX)
    throw clientException(`The maximum number of tags (${TAGS_MAX}) has been exceeded.`)
  return [...all.values()]
}
