/** What an agent is made of: its ports, its settings, and who it is. */
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'

import type { AgentConfig } from './config.ts'
import type { Engine } from './engine.ts'
import type { Host } from './host.ts'
import type { AwslogsOutside } from './logs/awslogs.ts'
import type { Calls, Connect } from './outside.ts'
import type { Credentials } from './sign.ts'
import type { StateStore } from './state/state.ts'

export type AgentOptions = {
  readonly calls: Calls
  readonly connect: Connect
  readonly state: StateStore
  /** What containers' output is sent with; where it is absent no container logs by awslogs. */
  readonly awslogs?: AwslogsOutside | undefined
  /** What telemetry is signed with: each of its frames is signed by itself, whatever carries it. */
  readonly region: string
  readonly credentials: Credentials
  /** Tells this Berth's containers from those of others on the same engine. */
  readonly installationId: string
  /** Tells this agent's data directory from a copy of it; absent where nobody else can have one. */
  readonly directoryId?: string | undefined
  /** Node's word for the processor: `x64`, `arm64`. */
  readonly architecture: string
  readonly engine: Engine
  readonly host: Host
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly config: AgentConfig
}
