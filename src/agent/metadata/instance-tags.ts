/** The tags of this host's container instance, as the control plane keeps telling them. */
import type { Tag } from '#wire/calls.ts'
import { list, object, text } from '#wire/read.ts'

import type { Part } from '../part.ts'

const readTags = list(object({ key: text, value: text }))

export class InstanceTags implements Part {
  readonly topic = 'container-instance'
  #tags: readonly Tag[] | undefined

  /** `undefined` where the control plane has not said. */
  get tags(): readonly Tag[] | undefined {
    return this.#tags
  }

  apply(key: string, content: unknown): void {
    if (key === 'tags') this.#tags = content === undefined ? undefined : readTags(content, key)
  }
}
