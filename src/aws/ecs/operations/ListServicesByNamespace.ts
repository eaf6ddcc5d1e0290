import type {
  ListServicesByNamespaceRequest,
  ListServicesByNamespaceResponse,
} from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/operation.ts'

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
    throw new Fault('NamespaceNotFoundException', 'The specified namespace was not found.')
  },
}
