/** From what a host has of a topic, and what it is to have, to the frames that bring the one to the other. Pure. */
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Entry } from '#room/topic.ts'
import { TOPIC_CONTENT_CHARACTERS_MAX, TOPIC_ENTRIES_MAX, TOPIC_FRAME_MAX } from '#wire/limits.ts'
import { isTopicKey, type TopicEntries } from '#wire/topic.ts'

export type EntryNow = {
  readonly revision: string
  readonly content: unknown
  readonly size: number
}
/** By key. */
export type TopicNow = ReadonlyMap<string, EntryNow>
/** The revisions that a host has, by key. */
export type Revisions = ReadonlyMap<string, string>

/** A topic as it is now; what is beyond the limits of the wire is left out, and named to `refuse`. */
export function topicNow(entries: Iterable<Entry>, refuse: (key: string) => void): TopicNow {
  const now = new Map<string, EntryNow>()
  for (const { key, content } of entries) {
    const text = canonicalJson(content)
    const isWithin =
      text.length <= TOPIC_CONTENT_CHARACTERS_MAX && isTopicKey(key) && now.size < TOPIC_ENTRIES_MAX
    if (isWithin) now.set(key, { revision: fingerprint(text), content, size: text.length })
    else refuse(key)
  }
  return now
}

export const revisionsOf = (now: TopicNow): Revisions =>
  new Map([...now].map(([key, { revision }]) => [key, revision]))

/** What a host that has these revisions does not know; of one whose revisions nobody knows, all. */
export function newsOf(name: string, has: Revisions | undefined, now: TopicNow): TopicEntries[] {
  // What goes makes room for what comes.
  const gone = [...(has?.keys() ?? [])].filter((key) => !now.has(key))
  const changed = [...now].filter(([key, { revision }]) => has?.get(key) !== revision)
  const frames: { name: string; changed: TopicEntries['changed'][number][]; gone: string[] }[] = []
  let room = 0
  const frameFor = (characters: number) => {
    const last = frames.at(-1)
    const isFull =
      !last ||
      last.changed.length + last.gone.length >= TOPIC_FRAME_MAX.entries ||
      room < characters
    room = (isFull ? TOPIC_FRAME_MAX.characters : room) - characters
    if (!isFull) return last
    const frame = { name, changed: [], gone: [] }
    frames.push(frame)
    return frame
  }
  for (const key of gone) frameFor(key.length).gone.push(key)
  for (const [key, { revision, content, size }] of changed)
    frameFor(size + key.length).changed.push({ key, revision, content })
  if (has) return frames
  // A topic that is empty is told too: its host may have had something of it.
  if (frames.length === 0) frames.push({ name, changed: [], gone: [] })
  return frames.map((frame, at) => ({ ...frame, whole: true, more: at < frames.length - 1 }))
}
