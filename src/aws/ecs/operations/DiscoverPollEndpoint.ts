import type { DiscoverPollEndpointRequest, DiscoverPollEndpointResponse } from '#contract/ecs.ts'
import type { Operation } from '#room/operation.ts'

import { anyResource } from '../access.ts'

/** The sockets are where the agent found the API, so one address reaches all. */
export const DiscoverPollEndpoint: Operation<
  DiscoverPollEndpointRequest,
  DiscoverPollEndpointResponse
> = {
  access: (_tx, input) =>
    input.containerInstance ? [{ resources: [input.containerInstance] }] : anyResource(),
  run(_tx, _input, { caller }) {
    // A scheme's own port is left out: Amazon's agent takes `host:port` for the name in the certificate.
    const { origin } = new URL(caller.endpoint)
    return {
      endpoint: `${origin}/acs/`,
      telemetryEndpoint: `${origin}/tcs/`,
      serviceConnectEndpoint: `${origin}/sc/`,
    }
  },
}
