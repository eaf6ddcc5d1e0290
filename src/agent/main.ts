import { join } from 'node:path'

import { streamLog, systemClock, systemIds } from '#system/system.ts'

import { Agent } from './agent.ts'
import { processConfig } from './config.ts'
import { DockerEngine } from './docker/docker.ts'
import { LinuxHost } from './host/linux.ts'
import { withDefaults } from './host/protected.ts'
import type { AwslogsOutside } from './logs/awslogs.ts'
import { FileSpool } from './logs/spool.ts'
import type { AgentOptions } from './options.ts'
import type { Calls, Connect } from './outside.ts'
import { LOGS, SignedCalls, type SignedCallsOptions } from './signed-calls.ts'
import { signedSockets } from './socket.ts'
import { type DataDirectory, takeDirectory } from './state/directory.ts'
import { StateFile } from './state/file.ts'
import type { StateStore } from './state/state.ts'

/** How long two agents can have one directory at most, after somebody moved the lock of the first. */
const LOCK_LOOK_MS = 2000
const DOCKER_SOCKET = '/var/run/docker.sock'

export type Outside = SignedCallsOptions & {
  /** Where the agent keeps its state; nobody else may use it. */
  readonly dataDirectory: string
  /** Hears why the state that is there cannot be used. */
  readonly tell?: ((message: string) => void) | undefined
}

/** The agent's real outside: signed calls, signed sockets, a file. */
export function outside(options: Outside): {
  readonly calls: Calls
  readonly connect: Connect
  readonly state: StateStore
  readonly awslogs: AwslogsOutside
} {
  return {
    calls: new SignedCalls(options),
    connect: signedSockets(options),
    state: new StateFile(options.dataDirectory, options.tell),
    awslogs: {
      place: options,
      calls: new SignedCalls(options, LOGS),
      spool: new FileSpool(join(options.dataDirectory, 'logs')),
    },
  }
}

/** What a host is told when its agent is started; everything else comes from the environment. */
export type RunAgentOptions = Pick<
  AgentOptions & Outside,
  'endpoint' | 'region' | 'credentials' | 'dataDirectory' | 'installationId'
> & {
  /** `ECS_CLUSTER`, else `default`, where it is not given. */
  readonly cluster?: string | undefined
  readonly dockerSocket?: string | undefined
  /** Folders that tasks may not have, beside the engine's own. */
  readonly protectedPaths: readonly string[]
  /** Where log lines go. */
  readonly log: { write(text: string): unknown }
}

/** A folder that cannot be looked into is one that no state can be saved in. */
function isStillHeld({ isHeld }: DataDirectory): boolean {
  try {
    return isHeld()
  } catch {
    return false
  }
}

/**
 * Starts the agent on this machine's Docker Engine. Resolves once it is connected. The data directory is this
 * process's until it ends.
 */
export async function runAgent(options: RunAgentOptions): Promise<Agent> {
  const read = processConfig()
  const log = streamLog(options.log)
  for (const note of read.notes) log.warn(note)
  const directory = takeDirectory(options.dataDirectory)
  const socketPath = options.dockerSocket ?? DOCKER_SOCKET
  const engine = new DockerEngine({
    socketPath,
    clock: systemClock,
    createTimeoutMs: read.createTimeoutMs,
    startTimeoutMs: read.startTimeoutMs,
  })
  const host = new LinuxHost(engine, read.gpuInfoPath)
  const kept = [...options.protectedPaths, options.dataDirectory, socketPath]
  const agent = new Agent({
    ...options,
    ...outside({ ...options, clock: systemClock, tell: (message) => log.warn(message) }),
    directoryId: `${options.installationId}-${directory.id}`,
    config: {
      ...read,
      cluster: options.cluster ?? read.cluster,
      hostPolicy: await withDefaults(read.hostPolicy, kept, host),
    },
    architecture: process.arch,
    engine,
    host,
    clock: systemClock,
    ids: systemIds,
    log,
  })
  let stopLooking = (): void => {}
  const look = (): void => {
    stopLooking = systemClock.after(LOCK_LOOK_MS, look)
    if (isStillHeld(directory)) return
    log.error('the lock of the data directory was moved or removed: the agent ends', {
      dataDirectory: options.dataDirectory,
    })
    // It saves nothing any more: the state may be another's by now.
    process.exit(1)
  }
  look()
  await agent.start().catch((error: unknown) => {
    stopLooking()
    directory.release()
    throw error
  })
  const ended = (): void => stopLooking()
  agent.ended.then(ended, ended)
  return agent
}
