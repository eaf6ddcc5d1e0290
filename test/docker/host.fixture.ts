/** A host for tests: a real agent on the real engine, with a control plane of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Agent } from '#agent/agent.ts'
import { readConfig } from '#agent/config.ts'
import { DockerEngine } from '#agent/docker/docker.ts'
import { LinuxHost } from '#agent/host/linux.ts'
import { outside } from '#agent/main.ts'
import type { Clock } from '#kernel/clock.ts'
import { streamLog, systemClock, systemIds } from '#system/system.ts'
import type { AcsContainer, AcsTask } from '#wire/task.ts'

import { Backend, CLUSTER_ARN } from './backend.fixture.ts'
import {
  docker,
  DOCKER_SOCKET,
  listContainers,
  removeVolumes,
  type ListedContainer,
} from './engine.fixture.ts'

/** The real clock, but for waits between tries: they are cut short, so that no test waits for them. */
const RETRY_MS_MAX = 50
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, RETRY_MS_MAX), signal),
}

/** Which engine, and the clock by which it is waited for. */
type EngineAt = { readonly socketPath: string; readonly clock: Clock }

export class Host {
  readonly backend: Backend
  readonly installationId: string
  readonly lines: string[] = []
  readonly #dataDirectory: string
  readonly #environment: Readonly<Record<string, string>>
  readonly #engineAt: EngineAt
  #agent: Agent | undefined
  #engine: DockerEngine | undefined

  private constructor(
    backend: Backend,
    dataDirectory: string,
    environment: Record<string, string>,
    engine: EngineAt,
  ) {
    this.#engineAt = engine
    this.backend = backend
    this.installationId = `test-${systemIds.hex(12)}`
    this.#dataDirectory = dataDirectory
    this.#environment = environment
  }

  static async start(
    environment: Record<string, string> = {},
    engine: EngineAt = { socketPath: DOCKER_SOCKET, clock },
  ): Promise<Host> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-agent-'))
    const host = new Host(await Backend.start(), directory, environment, engine)
    await host.startAgent()
    return host
  }

  async startAgent(): Promise<void> {
    const region = 'us-east-1'
    const credentials = {
      accessKeyId: 'AKIDTEST',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    }
    this.#engine = new DockerEngine(this.#engineAt)
    this.#agent = new Agent({
      region,
      credentials,
      ...outside({
        endpoint: this.backend.endpoint,
        region,
        credentials,
        dataDirectory: this.#dataDirectory,
        clock,
      }),
      installationId: this.installationId,
      architecture: process.arch,
      engine: this.#engine,
      host: new LinuxHost(this.#engine),
      clock,
      ids: systemIds,
      log: streamLog({ write: (line: string) => this.lines.push(line) }),
      config: readConfig(this.#environment),
    })
    await this.#agent.start()
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop()
    this.#engine?.close()
  }

  async loseState(): Promise<void> {
    await rm(this.#dataDirectory, { recursive: true })
  }

  get arn(): string {
    return this.#agent?.containerInstanceArn ?? ''
  }

  run(wanted: AcsTask): string {
    return this.backend.send(this.arn, [wanted])
  }

  stopTask(arn: string): string {
    return this.run({ arn, desiredStatus: 'STOPPED' })
  }

  containers(): Promise<readonly ListedContainer[]> {
    return listContainers(`berth.installation=${this.installationId}`)
  }

  async inspect(id: string | undefined): Promise<{ State: { StartedAt: string; Status: string } }> {
    return (await docker('GET', `/containers/${id}/json`)) as never
  }

  async end(): Promise<void> {
    await this.stopAgent()
    // The agent may have been about to remove one of them itself.
    await Promise.allSettled(
      (await this.containers()).map(({ Id }) =>
        docker('DELETE', `/containers/${Id}?force=true&v=true`),
      ),
    )
    await removeVolumes(`berth.installation=${this.installationId}`)
    await this.backend.close()
    await rm(this.#dataDirectory, { recursive: true, force: true })
  }
}

let tasks = 0
export function task(containers: readonly AcsContainer[], more: Partial<AcsTask> = {}): AcsTask {
  tasks += 1
  return {
    arn: `arn:aws:ecs:us-east-1:123456789012:task/default/${systemIds.hex(32)}`,
    desiredStatus: 'RUNNING',
    taskClusterArn: CLUSTER_ARN,
    family: 'agent-test',
    version: String(tasks),
    networkMode: 'bridge',
    containers,
    ...more,
  }
}
