/** Tags of groups: the rules that the model does not state. */
import type { Caller } from '#kernel/principal.ts'
import { type TagMap, tagsIn, withoutTags } from '#room/tags.ts'
import type { Write } from '#store/store.ts'

import { existingGroup, fault, groupKey, invalidParameter } from './names.ts'
import { logGroups } from './records.ts'

const rules = tagsIn({
  reserved: () => invalidParameter('Tag keys must not start with the reserved prefix aws:.'),
  tooMany: (max) =>
    fault('TooManyTagsException', `The maximum number of tags (${max}) has been exceeded.`),
})

export const checkTags = (tags: TagMap): void => rules.check(tags)

export function addTags(tx: Write, caller: Caller, groupName: string, added: TagMap): void {
  checkTags(added)
  const { tags } = existingGroup(tx, caller, groupName)
  tx.patch(logGroups, groupKey(caller, groupName), { tags: rules.add(tags, added) })
}

export function removeTags(
  tx: Write,
  caller: Caller,
  groupName: string,
  keys: readonly string[],
): void {
  const { tags } = existingGroup(tx, caller, groupName)
  tx.patch(logGroups, groupKey(caller, groupName), { tags: withoutTags(tags, keys) })
}
