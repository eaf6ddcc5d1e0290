import { streamLog, systemClock, systemIds } from '#system/system.ts'

import { Agent, type AgentOptions } from './agent.ts'
import { processConfig } from './config.ts'
import { DockerEngine } from './docker/docker.ts'

const DOCKER_SOCKET = '/var/run/docker.sock'

/** What a host is told when its agent is started; everything else comes from the environment. */
export type RunAgentOptions = Pick<
  AgentOptions,
  'endpoint' | 'region' | 'credentials' | 'dataDirectory' | 'installationId'
> & {
  /** `ECS_CLUSTER`, else `default`, where it is not given. */
  readonly cluster?: string | undefined
  readonly dockerSocket?: string | undefined
  /** Where log lines go. */
  readonly log: { write(text: string): unknown }
}

/** Starts the agent on this machine's Docker Engine. Resolves once it is connected. */
export async function runAgent(options: RunAgentOptions): Promise<Agent> {
  const config = processConfig()
  const agent = new Agent({
    ...options,
    config: { ...config, cluster: options.cluster ?? config.cluster },
    architecture: process.arch,
    engine: new DockerEngine({
      socketPath: options.dockerSocket ?? DOCKER_SOCKET,
      clock: systemClock,
    }),
    clock: systemClock,
    ids: systemIds,
    log: streamLog(options.log),
  })
  await agent.start()
  return agent
}
