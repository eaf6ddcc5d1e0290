/** Tags of ECS: its words for their rules, and how they are kept. */
import type { Tag } from '#contract/ecs.ts'
import { tagsIn } from '#room/tags.ts'

import { clientException, invalidParameter } from './names/names.ts'

const CHARACTERS =
  'Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @.'
const tooMany = (max: number): string => `The maximum number of tags (${max}) has been exceeded.`

const rules = tagsIn({
  tooManyAtOnce: (max) => invalidParameter(tooMany(max)),
  tooMany: (max) => clientException(tooMany(max)),
  emptyKey: () => invalidParameter('Tag key must not be empty.'),
  reserved: () => invalidParameter(`${CHARACTERS} The prefix 'aws:' is reserved.`),
  longKey: (max) =>
    invalidParameter(`Tag keys can have a maximum character length of ${max} characters.`),
  longValue: (max) =>
    invalidParameter(`Tag values can have a maximum length of ${max} characters.`),
  characters: () => invalidParameter(CHARACTERS),
  twice: (key) => invalidParameter(`Duplicate tag keys found: '${key}'.`),
})

export const validateTags = (tags: readonly Tag[] = []): void => rules.check(tags)

/** The tags as they are kept: a missing value reads back as missing. */
export const keptTags = (tags: readonly Tag[] = []): Tag[] =>
  tags.map(({ key, value }) => (value === undefined ? { key } : { key, value }))

export const addTags = (before: readonly Tag[], added: readonly Tag[]): readonly Tag[] =>
  rules.add(before, keptTags(added))
