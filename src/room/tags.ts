/** Tags: the rules that AWS's services share, each in the words of its room; as lists and as maps. */
import type { Fault } from '#kernel/fault.ts'

/** Services spell the members in one of two ways. */
type ListTag = {
  readonly key?: string | undefined
  readonly value?: string | undefined
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}
export type TagMap = Readonly<Record<string, string>>
type Tags = readonly ListTag[] | TagMap

/** How a room says that a rule is broken. One that its model or its map form holds already is left out. */
type Words = {
  readonly reserved: () => Fault
  /** Of what a resource would have in the end. */
  readonly tooMany: (max: number) => Fault
  readonly tooManyAtOnce?: (max: number) => Fault
  readonly emptyKey?: () => Fault
  readonly longKey?: (max: number) => Fault
  readonly longValue?: (max: number) => Fault
  readonly characters?: () => Fault
  readonly twice?: (key: string) => Fault
}

const TAGS_MAX = 50
const KEY_MAX = 128
const VALUE_MAX = 256
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** What begins so is AWS's own. */
export const isReserved = (key: string): boolean => /^aws:/i.test(key)

export const tagsIn = (words: Words) => ({
  /** Of a request: what users may give. */
  check(tags: Tags): void {
    const pairs = pairsOf(tags)
    if (pairs.length > TAGS_MAX) refuse(words.tooManyAtOnce?.(TAGS_MAX))
    const keys = new Set<string>()
    for (const [key, value] of pairs) {
      if (key === '') refuse(words.emptyKey?.())
      if (isReserved(key)) throw words.reserved()
      if (key.length > KEY_MAX) refuse(words.longKey?.(KEY_MAX))
      if (value.length > VALUE_MAX) refuse(words.longValue?.(VALUE_MAX))
      if (!CHARACTERS.test(key) || !CHARACTERS.test(value)) refuse(words.characters?.())
      if (keys.has(key)) refuse(words.twice?.(key))
      keys.add(key)
    }
  },
  /** All that a resource has, once it was given more. */
  add<T extends Tags>(before: T, more: T): T {
    const all = united(before, more)
    const own = pairsOf(all).filter(([key]) => !isReserved(key))
    if (own.length > TAGS_MAX) throw words.tooMany(TAGS_MAX)
    return all as T
  },
})

function refuse(fault: Fault | undefined): void {
  if (fault) throw fault
}

export function withoutTags<T extends Tags>(tags: T, keys: readonly string[]): T {
  const left = isList(tags)
    ? tags.filter((tag) => !keys.includes(keyOf(tag)))
    : Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
  return left as Tags as T
}

/** The condition keys of a request that gives tags. */
export function tagConditions(tags: Tags): Readonly<Record<string, string | readonly string[]>> {
  const pairs = pairsOf(tags)
  const requested = pairs.map(([key, value]) => [`aws:RequestTag/${key}`, value])
  return { ...Object.fromEntries(requested), 'aws:TagKeys': pairs.map(([key]) => key) }
}

const isList = (tags: Tags): tags is readonly ListTag[] => Array.isArray(tags)
const keyOf = ({ key, Key }: ListTag): string => key ?? Key ?? ''
const pairsOf = (tags: Tags): (readonly [key: string, value: string])[] =>
  isList(tags)
    ? tags.map((tag) => [keyOf(tag), tag.value ?? tag.Value ?? ''])
    : Object.entries(tags)
function united(before: Tags, more: Tags): Tags {
  if (!isList(before) || !isList(more))
    return Object.fromEntries([...pairsOf(before), ...pairsOf(more)])
  return [...new Map([...before, ...more].map((tag) => [keyOf(tag), tag])).values()]
}
