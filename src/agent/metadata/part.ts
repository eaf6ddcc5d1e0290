/** Answers containers and tools of the host that ask, from the moment that it is made. */
import type { Part } from '../part.ts'
import type { Endpoint } from './endpoint.ts'
import { introspect } from './introspection.ts'
import { Metadata, type MetadataOptions } from './metadata.ts'

export type MetadataPartOptions = MetadataOptions & {
  readonly endpoint: Endpoint
  readonly agentVersion: string
}

export function metadataPart(options: MetadataPartOptions): Part {
  const metadata = new Metadata(options)
  const about = { ...options, version: `Berth agent - v${options.agentVersion}` }
  options.endpoint.answerWith(
    (question) => metadata.answer(question),
    (question) => introspect(question, about),
  )
  return {}
}
