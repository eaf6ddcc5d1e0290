/** What a host is told of itself without having asked, where it speaks Berth's own part of the protocol. */
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Topic } from '#wire/extension.ts'

import type { ContainerInstance } from '../records/records.ts'

export type TopicNow = Topic & { readonly content: object }

/** What every host is told of itself without having asked: each topic is one value, whole and with its revision. */
export function topicsOf(instance: ContainerInstance): readonly TopicNow[] {
  const { status, tags } = instance
  const content = {
    status,
    tags: tags.map(({ key = '', value = '' }) => ({ key, value })),
  }
  return [{ name: 'container-instance', revision: fingerprint(canonicalJson(content)), content }]
}
