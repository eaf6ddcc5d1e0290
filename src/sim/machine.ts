/** A pretended machine under the engine: roomy, without groups of its own. */
import type { Host } from '#agent/host.ts'

export const machine: Host = {
  info: async () => ({
    taskGroups: false,
    pause: false,
    dynamicPorts: { first: 32_768, last: 60_999 },
    gpuIds: [],
  }),
  makeTaskGroup: async (taskId) => `/berth/${taskId}`,
  removeTaskGroup: async () => undefined,
  pauseArchive: async () => Buffer.alloc(0),
  ownAddress: async () => undefined,
  listen: async (_address, port) => ({ port, close: () => undefined }),
  realPath: async (path) => path,
  isPortFree: async () => true,
}
