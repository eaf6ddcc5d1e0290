/** A house for tests: the real server in a process of its own, and the agent of this machine when it is asked for. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { type Api, ecsApi } from '#cli/api.ts'

import {
  docker,
  listContainers,
  removeVolumes,
  type ListedContainer,
} from '../docker/engine.fixture.ts'
import { patient } from '../patience.ts'

export const ACCOUNT_ID = '123456789012'
export const KEYS = {
  accessKeyId: 'AKIATESTHOUSE0000001',
  secretAccessKey: 'a-secret-that-only-tests-know',
} as const
export const REGION = 'us-east-1'
const PROGRAM = join(import.meta.dirname, '../../src/berth.ts')
const LINES_KEPT = 200
/** Two minutes is an agent's longest back-off. */
const READY_MS = patient(150_000)
const LOOK_MS = 25

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Looks until `look` gives something; `what` is said when it does not in time. The limit is a quiet machine's. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 60_000,
): Promise<T> {
  const waitMs = patient(limitMs)
  for (const end = Date.now() + waitMs; ; await pause()) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`in ${waitMs} ms it did not come true: ${what}`)
  }
}
const pause = (): Promise<void> => new Promise((done) => setTimeout(done, LOOK_MS))

/** Runs a program to its end, whatever its exit code. */
export function run(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input?: string,
): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(
      command,
      [...args],
      { env: environment, timeout: patient(120_000), maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 1
        done({ code: error ? code : 0, stdout, stderr: stderr || (error?.message ?? '') })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** A process that says in one JSON line on standard output that it is ready. */
export class Daemon {
  readonly child: ChildProcess
  readonly ready: Promise<Record<string, string>>
  /** The last lines of its standard error. */
  readonly lines: string[] = []
  readonly #ended: Promise<unknown>

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv, program = PROGRAM) {
    this.child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment,
      },
    )
    this.#ended = once(this.child, 'exit')
    createInterface({ input: this.child.stderr! }).on('line', (line) => {
      this.lines.push(line)
      if (this.lines.length > LINES_KEPT) this.lines.shift()
    })
    this.ready = new Promise((done, fail) => {
      const limit = setTimeout(
        () => fail(new Error(`${args[0]} is not ready: ${this.state}`)),
        READY_MS,
      )
      this.child.once('exit', () => clearTimeout(limit))
      createInterface({ input: this.child.stdout! }).once('line', (line) => {
        clearTimeout(limit)
        done(JSON.parse(line) as Record<string, string>)
      })
      this.child.once('close', () => fail(new Error(`${args[0]} ${this.state}`)))
    })
    this.ready.catch(() => {})
  }

  /** Whether it runs or how it ended, and its last lines: for a test that found it silent. */
  get state(): string {
    const { exitCode, signalCode } = this.child
    const ended = exitCode ?? signalCode
    return [ended === null ? 'runs' : `ended with ${ended}`, ...this.lines].join('\n')
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    await this.#ended
  }
}

type HouseOptions = {
  readonly agent?: boolean
  /** Arguments of the server. */
  readonly server?: readonly string[]
  /** Stands in for the command line: another file that imports it. */
  readonly program?: string
  /** What more their environment has. */
  readonly extra?: Record<'server' | 'agent', NodeJS.ProcessEnv>
}

export class House {
  readonly root = mkdtempSync(join(tmpdir(), 'berth-house-'))
  readonly data = join(this.root, 'data')
  readonly #hostData = join(this.root, 'host')
  readonly #serverArgs: readonly string[]
  readonly #program: string | undefined
  /** What more the environment of the next server and agent has. */
  readonly extra: Record<'server' | 'agent', NodeJS.ProcessEnv>
  server!: Daemon
  agent: Daemon | undefined
  endpoint = ''
  api!: Api
  #hostKeys: NodeJS.ProcessEnv = {}

  private constructor({ server = [], program, extra }: HouseOptions) {
    this.extra = { server: {}, agent: {}, ...extra }
    this.#serverArgs = server
    this.#program = program
  }

  static async start(options: HouseOptions = {}): Promise<House> {
    const house = new House(options)
    try {
      await house.startServer()
      if (options.agent) {
        await house.api('CreateCluster', { clusterName: 'default' })
        await house.createHost()
        await house.startAgent()
      }
      return house
    } catch (error) {
      await house.stop()
      throw error
    }
  }

  /** This process's environment, with nothing of the user's AWS set-up and every file in the house. */
  get env(): NodeJS.ProcessEnv {
    const others = Object.entries(process.env).filter(([name]) => !/^(AWS|BERTH|ECS)_/.test(name))
    return {
      ...Object.fromEntries(others),
      XDG_CONFIG_HOME: join(this.root, 'config'),
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
      AWS_DEFAULT_REGION: REGION,
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: this.endpoint,
    }
  }

  /** Starts or starts again, on the same data and the same port. */
  async startServer(): Promise<void> {
    const port = this.endpoint ? new URL(this.endpoint).port : '0'
    const account = ['--account-id', ACCOUNT_ID, '--access-key-id', KEYS.accessKeyId]
    this.server = new Daemon(
      ['server', '--data', this.data, '--port', port, ...account, ...this.#serverArgs],
      { ...this.env, BERTH_SECRET_ACCESS_KEY: KEYS.secretAccessKey, ...this.extra.server },
      this.#program,
    )
    this.endpoint = (await this.server.ready)['endpoint'] ?? ''
    this.api = ecsApi(this.endpoint, REGION, KEYS)
  }

  async createHost(): Promise<void> {
    const { stdout, stderr } = await this.berth('host', 'create', 'house', '--data', this.data)
    const keys = [...stdout.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [
      name,
      value,
    ])
    if (keys.length !== 2) throw new Error(`no machine key: ${stdout}${stderr}`)
    this.#hostKeys = Object.fromEntries(keys) as NodeJS.ProcessEnv
  }

  /** `settings` are environment variables of the agent. */
  async startAgent(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.agent = new Daemon(
      ['agent', '--endpoint', this.endpoint, '--data', this.#hostData],
      { ...this.env, ...this.#hostKeys, ...this.extra.agent, ...settings },
      this.#program,
    )
    await this.agent.ready
  }

  /** The command line, as a user types it. */
  berth(...args: string[]): Promise<Ran> {
    return run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', PROGRAM, ...args],
      this.env,
    )
  }

  /** All that this house's agent ever made and has not removed. */
  async containers(): Promise<readonly ListedContainer[]> {
    const id = installationOf(this.#hostData)
    return id === undefined ? [] : listContainers(`berth.installation=${id}`)
  }

  async stop(): Promise<void> {
    await this.agent?.end('SIGKILL')
    await this.server.end('SIGKILL')
    await removeContainers(this.#hostData)
    rmSync(this.root, { recursive: true, force: true })
  }
}

function installationOf(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'installation-id'), 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Removes what an agent with this data directory has left on the engine. */
export async function removeContainers(data: string): Promise<void> {
  const id = installationOf(data)
  if (id === undefined) return
  const left = await listContainers(`berth.installation=${id}`)
  await Promise.allSettled(
    left.map(({ Id }) => docker('DELETE', `/containers/${Id}?force=true&v=true`)),
  )
  await removeVolumes(`berth.installation=${id}`)
}

export async function startedAt(id: string): Promise<string> {
  const { State } = (await docker('GET', `/containers/${id}/json`)) as {
    State: { StartedAt: string }
  }
  return State.StartedAt
}
