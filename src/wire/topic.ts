/**
 * What hosts are told without having asked. A topic is a set of entries, each with a key and a revision that is equal for
 * equal contents: what changed is sent, what went is said to be gone, and the host says what became of each.
 */
import { fingerprint } from '#kernel/fingerprint.ts'

import {
  HELLO_ENTRIES_MAX,
  REASON_LENGTH_MAX,
  TOPIC_CONTENT_CHARACTERS_MAX,
  TOPIC_FRAME_MAX,
  TOPIC_KEY_LENGTH_MAX,
  TOPIC_OBSERVED_CHARACTERS_MAX,
  TOPIC_REVISION_LENGTH_MAX,
  TOPIC_STATES_MAX,
} from './limits.ts'
import {
  flag,
  jsonUpTo,
  list,
  name,
  object,
  oneOf,
  text,
  textUpTo,
  type Read,
  type Reader,
  WireError,
} from './read.ts'

/** Hosts that say less, or nothing, are told of each topic that they know as of one value, whole. */
export const TOPICS_VERSION = 2

const PRINTABLE = /^[\x21-\x7e]+$/
export const isTopicKey = (said: string): boolean =>
  said.length <= TOPIC_KEY_LENGTH_MAX && PRINTABLE.test(said)
const key: Reader<string> = (value, path) => {
  const said = text(value, path)
  if (!isTopicKey(said)) throw new WireError(`${path} is no key`)
  return said
}
const revision: Reader<string> = (value, path) =>
  name(textUpTo(TOPIC_REVISION_LENGTH_MAX)(value, path), path)

/** What a host knows of a topic: `revision` is the digest of its entries, which are left out where they are many. */
export const knownTopic = object(
  { name: key, revision },
  { entries: list(object({ key, revision }), HELLO_ENTRIES_MAX) },
)

/**
 * News of a topic. `whole`: what is not named is gone, which holds once the last frame of it has come: others have `more`.
 */
export const topicEntries = object(
  {
    name: key,
    changed: list(
      object({ key, revision, content: jsonUpTo(TOPIC_CONTENT_CHARACTERS_MAX) }),
      TOPIC_FRAME_MAX.entries,
    ),
    gone: list(key, TOPIC_FRAME_MAX.entries),
  },
  { whole: flag, more: flag },
)

/** What became of entries on the host, each of the revision that is named. Without entries: all are applied by that digest. */
export const topicState = object(
  { name: key, revision },
  {
    entries: list(
      object(
        { key, revision, state: oneOf('applied', 'failed') },
        {
          reason: textUpTo(REASON_LENGTH_MAX),
          observed: jsonUpTo(TOPIC_OBSERVED_CHARACTERS_MAX),
        },
      ),
      TOPIC_STATES_MAX,
    ),
  },
)

export type KnownTopic = Read<typeof knownTopic>
export type TopicEntries = Read<typeof topicEntries>
export type TopicState = Read<typeof topicState>
export type EntryState = NonNullable<TopicState['entries']>[number]

/** The digest of a topic's entries: equal where both sides have the same of it. */
export function digestOf(revisions: Iterable<readonly [key: string, revision: string]>): string {
  const lines = [...revisions].map(([one, its]) => `${one} ${its}`)
  return fingerprint(lines.toSorted().join('\n'))
}
