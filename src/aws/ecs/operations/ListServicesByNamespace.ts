import type {
  ListServicesByNamespaceRequest,
  ListServicesByNamespaceResponse,
} from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { fault } from '../names/names.ts'

/** Namespaces come with service discovery: until then there is none that could be found. */
export const ListServicesByNamespace: Operation<
  ListServicesByNamespaceRequest,
  ListServicesByNamespaceResponse
> = {
  access: (_tx, { namespace }) => [
    {
      resources: ['*'],
      conditions: { 'ecs:namespace': namespace },
    },
  ],
  run() {
    throw fault<'ListServicesByNamespace'>(
      'NamespaceNotFoundException',
      'The specified namespace was not found.',
    )
  },
}
