import type { DiscoverPollEndpointRequest, DiscoverPollEndpointResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/room.ts'

import { anyResource } from '../access.ts'

/** The sockets are where the agent found the API, so one address reaches all. */
export const DiscoverPollEndpoint: Operation<
  DiscoverPollEndpointRequest,
  DiscoverPollEndpointResponse
> = {
  action: 'ecs:DiscoverPollEndpoint',
  agentFacing: true,
  access: (_tx, input) =>
    input.containerInstance ? { resources: [input.containerInstance] } : anyResource(),
  run: (_tx, _input, { caller }) => ({
    endpoint: `${caller.endpoint}/acs/`,
    telemetryEndpoint: `${caller.endpoint}/tcs/`,
    serviceConnectEndpoint: `${caller.endpoint}/sc/`,
  }),
}
