/** Docker Swarm as a peer: an engine of its own in a network of its own, with a bridge as the machine's engine has one. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { docker, importImage } from '../test/docker/engine.fixture.ts'
import { until } from '../test/parity/house.ts'

const START_MS = 60_000

type SwarmTask = {
  readonly ID: string
  readonly DesiredState: string
  readonly Spec: { readonly ContainerSpec: { readonly Env?: readonly string[] } }
  readonly Status: {
    readonly State: string
    readonly ContainerStatus?: { readonly ContainerID: string }
  }
}

export class Swarm {
  readonly #root = mkdtempSync(join(tmpdir(), 'berth-swarm-'))
  readonly #socket = join(this.#root, 'docker.sock')
  readonly #image: string
  #child: ChildProcess | undefined

  constructor(image: string) {
    this.#image = image
  }

  async start(): Promise<void> {
    const script = join(this.#root, 'start.sh')
    const folder = (name: string): string => join(this.#root, name)
    writeFileSync(
      script,
      `ip link set lo up\nexec dockerd --data-root ${folder('data')} --exec-root ${folder('exec')} --pidfile ${folder('pid')} --host unix://${this.#socket}\n`,
    )
    this.#child = spawn('unshare', ['--net', '--', 'sh', script], { stdio: 'ignore' })
    await until(
      'the engine answers',
      async () => (await this.#call('GET', '/version').catch(() => undefined)) && true,
      START_MS,
    )
    await this.#call('POST', '/swarm/init', {
      ListenAddr: '127.0.0.1:2377',
      AdvertiseAddr: '127.0.0.1',
    })
    await importImage(this.#image, [], this.#socket)
  }

  create(name: string, replicas: number, command: readonly string[]): Promise<unknown> {
    return this.#call('POST', '/services/create', this.#spec(name, replicas, command, 'v1'))
  }

  /** Another count, or another `version`, which replaces every task; all at once, the new ones first. */
  async update(
    name: string,
    replicas: number,
    command: readonly string[],
    version: string,
  ): Promise<void> {
    const { Version } = (await this.#call('GET', `/services/${name}`)) as {
      Version: { Index: number }
    }
    const path = `/services/${name}/update?version=${Version.Index}`
    await this.#call('POST', path, this.#spec(name, replicas, command, version))
  }

  async running(name: string, version = 'v1'): Promise<readonly string[]> {
    const filters = encodeURIComponent(JSON.stringify({ service: [name] }))
    const tasks = (await this.#call('GET', `/tasks?filters=${filters}`)) as readonly SwarmTask[]
    return tasks
      .filter(
        ({ DesiredState, Status, Spec }) =>
          DesiredState === 'running' &&
          Status.State === 'running' &&
          Spec.ContainerSpec.Env?.includes(`VERSION=${version}`),
      )
      .map(({ Status }) => Status.ContainerStatus?.ContainerID ?? '')
  }

  kill(id: string): Promise<unknown> {
    return this.#call('POST', `/containers/${id}/kill`)
  }

  async delete(name: string): Promise<void> {
    await this.#call('DELETE', `/services/${name}`)
    await until(
      'its containers are gone',
      async () => ((await this.#call('GET', '/containers/json')) as []).length === 0 || undefined,
      START_MS,
    )
  }

  async stop(): Promise<void> {
    await this.#call('POST', '/swarm/leave?force=true').catch(() => undefined)
    const child = this.#child
    if (child && child.exitCode === null) {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
    // Mounts that it left behind would keep the folder.
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(this.#root)) execFileSync('umount', ['-l', path])
    }
    rmSync(this.#root, { recursive: true, force: true })
  }

  #spec(name: string, replicas: number, command: readonly string[], version: string): object {
    return {
      Name: name,
      Mode: { Replicated: { Replicas: replicas } },
      TaskTemplate: {
        ContainerSpec: {
          Image: this.#image,
          Command: command,
          Env: [`VERSION=${version}`],
          StopGracePeriod: 1_000_000_000,
        },
        RestartPolicy: { Condition: 'any', Delay: 0 },
      },
      UpdateConfig: { Parallelism: 0, Order: 'start-first', Monitor: 1_000_000_000 },
    }
  }

  #call(method: string, path: string, body?: object): Promise<unknown> {
    return docker(method, path, body, this.#socket)
  }
}
