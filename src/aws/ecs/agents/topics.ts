/** What every host is told of itself. */
import type { Topic } from '#room/topic.ts'

import { type ContainerInstance, containerInstances } from '../records/records.ts'

/** Agents from before topics had entries know this one, and no other. */
export const CONTAINER_INSTANCE = 'container-instance'

export const containerInstanceTopic: Topic = {
  name: CONTAINER_INSTANCE,
  hears: [containerInstances],
  hostsOf({ key, before, after }) {
    const [was, is] = [before, after] as (ContainerInstance | undefined)[]
    return is && (is.status !== was?.status || is.tags !== was.tags) ? [key] : []
  },
  content(tx, host) {
    const instance = tx.get(containerInstances, host)
    if (!instance) return []
    const tags = instance.tags.map(({ key = '', value = '' }) => ({ key, value }))
    return [
      { key: 'status', content: instance.status },
      { key: 'tags', content: tags },
    ]
  },
}
