/** Where the sockets of the control plane are: asked before each connection, since it may have moved. */
import { acsUrl, tcsUrl } from '#wire/connect.ts'

import type { AgentConfig } from './config.ts'
import type { ControlPlane } from './control-plane.ts'
import type { EngineInfo } from './engine.ts'
import type { HostInfo } from './host.ts'

/** The agent's own version, as the sockets' addresses have it. */
export const AGENT_VERSION = '0.1.0'
const AGENT_HASH = 'berth'

export type PollEndpointOptions = {
  readonly controlPlane: ControlPlane
  readonly config: AgentConfig
  readonly containerInstanceArn: string
  readonly directoryId?: string | undefined
  readonly info: EngineInfo
  readonly hostInfo: HostInfo
}

export class PollEndpoint {
  readonly #options: PollEndpointOptions
  #last: { readonly endpoint: string; readonly telemetryEndpoint: string } | undefined

  constructor(options: PollEndpointOptions) {
    this.#options = options
  }

  async acsUrl(sendCredentials: boolean): Promise<string> {
    const { endpoint } = await this.#discover()
    const { config, containerInstanceArn, directoryId, hostInfo, info } = this.#options
    return acsUrl(endpoint, {
      agentHash: AGENT_HASH,
      agentVersion: AGENT_VERSION,
      clusterArn: config.cluster,
      containerInstanceArn,
      dockerVersion: `DockerVersion: ${info.version}`,
      sendCredentials,
      ...(!config.plainProtocol && { installationId: directoryId, bootId: hostInfo.bootId }),
    })
  }

  async tcsUrl(): Promise<string> {
    const { telemetryEndpoint } = await this.#discover()
    const { config, containerInstanceArn, info } = this.#options
    return tcsUrl(telemetryEndpoint, {
      agentHash: AGENT_HASH,
      agentVersion: AGENT_VERSION,
      cluster: config.cluster,
      containerInstance: containerInstanceArn,
      dockerVersion: info.version,
    })
  }

  /** Its last answer serves while it is away. */
  async #discover() {
    const { controlPlane, config, containerInstanceArn } = this.#options
    try {
      this.#last = await controlPlane.discoverPollEndpoint(config.cluster, containerInstanceArn)
    } catch (error) {
      if (!this.#last) throw error
    }
    return this.#last
  }
}
