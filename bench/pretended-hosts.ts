/**
 * Many hosts in one process, each with a socket of its own: they take every task, say after a moment that it runs, and
 * remember what they were told. No container runs; what is measured is the control plane.
 */
import { once } from 'node:events'

import { signedSockets } from '#agent/socket.ts'
import { systemClock } from '#system/system.ts'
import { acsUrl } from '#wire/connect.ts'

import { ask } from './load.ts'
import { KEYS } from './peers.ts'

const REGION = 'us-east-1'
const CHANGES_PER_FRAME = 50
const DIALLING_AT_ONCE = 64
const HOST_CPU = 131_072
const HOST_MEMORY_MIB = 524_288
const DIGEST = `sha256:${'5f'.repeat(32)}`
const CAPABILITIES = ['1.17', '1.18', '1.19', '1.21'].map((version) => ({
  name: `com.amazonaws.ecs.capability.docker-remote-api.${version}`,
}))
const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c']

/** What the process is told, and what it answers when that is done. */
export type Order =
  | {
      readonly do: 'register'
      readonly port: number
      readonly cluster: string
      readonly count: number
      readonly isPlain: boolean
    }
  | { readonly do: 'connect'; readonly port: number }
  | { readonly do: 'count' }
export type Answer = { readonly started: number; readonly stopped: number }

type Heard = {
  readonly type: string
  readonly message: {
    readonly messageId: string
    readonly tasks?: readonly {
      readonly arn: string
      readonly desiredStatus: string
      readonly containers: readonly { readonly name: string }[]
    }[]
  }
}
type Change = { readonly task: string; readonly status: string; readonly containers: object[] }

let started = 0
let stopped = 0

class PretendedHost {
  readonly #cluster: string
  readonly #arn: string
  readonly #isPlain: boolean
  /** By task: whether it runs. What was stopped is forgotten. */
  readonly #tasks = new Set<string>()
  #waiting: Change[] = []
  #onItsWay: readonly Change[] = []
  #port = 0
  #isSubmitting = false
  #send: (type: string, message: object) => void = () => {}

  constructor(cluster: string, arn: string, isPlain: boolean) {
    this.#cluster = cluster
    this.#arn = arn
    this.#isPlain = isPlain
  }

  /** Resolves once it is connected. */
  async connect(port: number): Promise<void> {
    this.#port = port
    const connected = Promise.withResolvers<void>()
    const url = acsUrl(`http://127.0.0.1:${port}/acs/`, {
      agentHash: 'bench',
      agentVersion: '1.105.1',
      clusterArn: this.#cluster,
      containerInstanceArn: this.#arn,
      dockerVersion: '20.10',
      sendCredentials: false,
    })
    void signedSockets({ region: REGION, credentials: KEYS, clock: systemClock })({
      url,
      frameBytesMax: 4 << 20,
      signal: new AbortController().signal,
      opened: (socket) => {
        this.#send = (type, message) => socket.send(JSON.stringify({ type, message }))
        if (!this.#isPlain) this.#send('BerthHello', { topics: [] })
        this.#waiting.unshift(...this.#onItsWay)
        this.#onItsWay = []
        this.#report()
        connected.resolve()
      },
      heard: (text) => this.#hear(JSON.parse(text) as Heard),
    })
    await connected.promise
  }

  #hear({ type, message }: Heard): void {
    const { messageId } = message
    if (type === 'BerthStateChangesAck') {
      this.#onItsWay = []
      return this.#report()
    }
    if (type !== 'PayloadMessage' && type !== 'TaskManifestMessage') return
    this.#send('AckRequest', {
      cluster: this.#cluster,
      containerInstance: this.#arn,
      messageId,
    })
    if (type === 'PayloadMessage') for (const task of message.tasks ?? []) this.#take(task)
    this.#report()
  }

  #take({ arn, desiredStatus, containers }: NonNullable<Heard['message']['tasks']>[number]) {
    if (desiredStatus === 'STOPPED') {
      if (!this.#tasks.delete(arn)) return
      stopped += 1
      this.#waiting.push({
        task: arn,
        status: 'STOPPED',
        containers: [{ containerName: 'web', status: 'STOPPED', exitCode: 0 }],
      })
    } else if (!this.#tasks.has(arn)) {
      this.#tasks.add(arn)
      started += 1
      const runtimeId = `${arn.slice(-32)}${arn.slice(-32)}`
      this.#waiting.push({
        task: arn,
        status: 'RUNNING',
        containers: containers.map(({ name }) => ({
          containerName: name,
          status: 'RUNNING',
          runtimeId,
          imageDigest: DIGEST,
        })),
      })
    }
  }

  #report(): void {
    if (this.#isPlain) return void this.#submitAll()
    if (this.#onItsWay.length > 0 || this.#waiting.length === 0) return
    this.#onItsWay = this.#waiting.splice(0, CHANGES_PER_FRAME)
    this.#send('BerthStateChanges', { messageId: 'm', changes: this.#onItsWay })
  }

  /** One call after the other, each on a connection of its own, as agents do. */
  async #submitAll(): Promise<void> {
    if (this.#isSubmitting) return
    this.#isSubmitting = true
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      await ask({ port: this.#port, ...KEYS }, 'SubmitTaskStateChange', {
        cluster: this.#cluster,
        ...next,
      })
    this.#isSubmitting = false
  }
}

const hosts: PretendedHost[] = []

async function register({ port, cluster, count, isPlain }: Extract<Order, { do: 'register' }>) {
  const target = { port, ...KEYS }
  const from = hosts.length
  await atOnce(count, async (at) => {
    const { containerInstance } = await ask<{
      containerInstance: { containerInstanceArn: string }
    }>(target, 'RegisterContainerInstance', {
      cluster,
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: HOST_CPU },
        { name: 'MEMORY', type: 'INTEGER', integerValue: HOST_MEMORY_MIB },
      ],
      attributes: [
        ...CAPABILITIES,
        { name: 'ecs.availability-zone', value: ZONES[at % ZONES.length] },
      ],
    })
    hosts.push(new PretendedHost(cluster, containerInstance.containerInstanceArn, isPlain))
  })
  await connect(port, from)
}

const connect = (port: number, from = 0): Promise<void> =>
  atOnce(hosts.length - from, (at) => (hosts[from + at] as PretendedHost).connect(port))

async function atOnce(count: number, act: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: DIALLING_AT_ONCE }, async () => {
      while (next < count) await act(next++)
    }),
  )
}

process.on('message', (order: Order) => void obey(order))

async function obey(order: Order): Promise<void> {
  if (order.do === 'register') await register(order)
  else if (order.do === 'connect') await connect(order.port)
  process.send?.({ started, stopped } satisfies Answer)
}
await once(process, 'disconnect')
process.exit()
