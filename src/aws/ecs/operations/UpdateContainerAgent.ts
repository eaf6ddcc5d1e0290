import type { UpdateContainerAgentRequest, UpdateContainerAgentResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import type { Operation } from '#room/operation.ts'

import { inCluster, named } from '../access.ts'
import { activeCluster } from '../names/names.ts'
import { theInstance } from '../tasks/find.ts'

/** Agents are updated with the package that installed them, so there is never a newer one to send. */
export const UpdateContainerAgent: Operation<
  UpdateContainerAgentRequest,
  UpdateContainerAgentResponse
> = {
  access: (_tx, input, { caller }) => [
    {
      resources: named(caller, input.cluster, [input.containerInstance], 'container-instance'),
      conditions: inCluster(caller, input.cluster),
    },
  ],
  run(tx, input, { caller }) {
    theInstance(tx, caller, activeCluster(tx, caller, input.cluster), input.containerInstance)
    throw new Fault(
      'NoUpdateAvailableException',
      'There is no update available for your container agent.',
    )
  },
}
