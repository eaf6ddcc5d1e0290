/** Tags of groups: the rules that the model does not state. */
import type { Caller } from '#kernel/principal.ts'
import type { Write } from '#store/store.ts'

import { existingGroup, fault, groupKey, invalidParameter } from './names.ts'
import { logGroups } from './records.ts'

export type Tags = Readonly<Record<string, string>>
const TAGS_MAX = 50

export function checkTags(tags: Tags): void {
  if (Object.keys(tags).some((key) => /^aws:/i.test(key)))
    throw invalidParameter('Tag keys must not start with the reserved prefix aws:.')
}

export function addTags(tx: Write, caller: Caller, groupName: string, added: Tags): void {
  checkTags(added)
  const { tags: before } = existingGroup(tx, caller, groupName)
  const tags = { ...before, ...added }
  if (Object.keys(tags).length > TAGS_MAX)
    throw fault(
      'TooManyTagsException',
      `The maximum number of tags (${TAGS_MAX}) has been exceeded.`,
    )
  tx.patch(logGroups, groupKey(caller, groupName), { tags })
}

export function removeTags(
  tx: Write,
  caller: Caller,
  groupName: string,
  keys: readonly string[],
): void {
  const { tags: before } = existingGroup(tx, caller, groupName)
  const tags = Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key)))
  tx.patch(logGroups, groupKey(caller, groupName), { tags })
}
