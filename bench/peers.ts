/** What is measured and what it is measured against, each in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { sign } from '#agent/sign.ts'
import { signedSockets } from '#agent/socket.ts'
import { systemClock } from '#system/system.ts'

import { ask, type Target } from './load.ts'

export const KEYS = {
  accessKeyId: 'AKIABENCHBENCHBENCH1',
  secretAccessKey: 'a-secret-that-only-benches-know',
}
const REGION = 'us-east-1'
const PROGRAM = join(import.meta.dirname, '../dist/berth.js')
/** A container instance that holds any number of tasks. */
const ROOMY = 2_000_000_000

export class Berth {
  readonly target: Target
  readonly directory: string
  readonly child: ChildProcess

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.child = child
    this.directory = directory
    this.target = { port, ...KEYS }
  }

  /** In a directory of an earlier one it is that one's restart. */
  static async start(directory = mkdtempSync(join(tmpdir(), 'berth-bench-'))): Promise<Berth> {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        PROGRAM,
        'server',
        '--data',
        join(directory, 'data'),
        '--port',
        '0',
        '--seal-key',
        join(directory, 'seal-key'),
        '--account-id',
        '123456789012',
        '--access-key-id',
        KEYS.accessKeyId,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, BERTH_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
      },
    )
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const { endpoint } = JSON.parse(line) as { endpoint: string }
    return new Berth(child, directory, Number(new URL(endpoint).port))
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exit = once(this.child, 'exit')
    this.child.kill(signal)
    await exit
  }

  async remove(): Promise<void> {
    await this.end()
    rmSync(this.directory, { recursive: true, force: true })
  }

  get rssMiB(): number {
    return rssMiB(this.child.pid ?? 0)
  }
}

export function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

/** A cluster, a task definition, and a host that takes every task and says nothing of it but that it heard. */
export async function furnish({ target }: Berth): Promise<{ readonly leave: () => void }> {
  await ask(target, 'CreateCluster', { clusterName: 'default' })
  await ask(target, 'RegisterTaskDefinition', DEFINITION)
  const { containerInstance } = await ask<{
    containerInstance: { containerInstanceArn: string }
  }>(target, 'RegisterContainerInstance', {
    cluster: 'default',
    totalResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: ROOMY },
      { name: 'MEMORY', type: 'INTEGER', integerValue: ROOMY },
    ],
    attributes: ['1.17', '1.18', '1.19', '1.21'].map((version) => ({
      name: `com.amazonaws.ecs.capability.docker-remote-api.${version}`,
    })),
  })
  const leaving = new AbortController()
  const { containerInstanceArn } = containerInstance
  const query = new URLSearchParams({
    agentHash: 'bench',
    agentVersion: '1.0.0',
    clusterArn: 'default',
    containerInstanceArn,
    dockerVersion: '20.10',
    protocolVersion: '2',
    sendCredentials: 'true',
    seqNum: '1',
  })
  const connect = signedSockets({ region: REGION, credentials: KEYS, clock: systemClock })
  const connected = Promise.withResolvers<void>()
  let send: (frame: string) => void = () => {}
  void connect({
    url: `ws://127.0.0.1:${target.port}/acs/ws?${query.toString()}`,
    frameBytesMax: 64 << 20,
    signal: leaving.signal,
    opened: (socket) => {
      send = (frame) => socket.send(frame)
      connected.resolve()
    },
    heard: (text) => {
      const { type, message } = JSON.parse(text) as { type: string; message: { messageId: string } }
      const { messageId } = message
      if (type === 'PayloadMessage' || type === 'TaskManifestMessage')
        send(
          JSON.stringify({
            type: 'AckRequest',
            message: { cluster: 'default', containerInstance: containerInstanceArn, messageId },
          }),
        )
    },
  })
  await connected.promise
  return { leave: () => leaving.abort() }
}

export const DEFINITION = {
  family: 'web',
  containerDefinitions: [
    {
      name: 'web',
      image: 'web:1',
      cpu: 10,
      memory: 64,
      essential: true,
      environment: [{ name: 'MODE', value: 'production' }],
      portMappings: [{ containerPort: 80, hostPort: 0 }],
    },
  ],
}

/** moto's server, where it is installed. It asks nobody for a signature, which is to its advantage. */
export async function startMoto(): Promise<{
  readonly target: Target
  readonly run: object
  readonly end: () => void
}> {
  const port = await freePort()
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`moto_server is not here (pip install 'moto[server]'): ${String(error)}`)
  })
  const target = { port, ...KEYS }
  await Promise.race([failed, answering(target)])
  await ask(target, 'CreateCluster', { clusterName: 'default' })
  await ask(target, 'RegisterTaskDefinition', {
    ...DEFINITION,
    networkMode: 'awsvpc',
    containerDefinitions: DEFINITION.containerDefinitions.map((one) => ({
      ...one,
      portMappings: [{ containerPort: 80 }],
    })),
  })
  return { target, run: fargate(await subnet(port)), end: () => void child.kill() }
}

/** moto places without a host only what it takes for Fargate, and that in a subnet of its own. */
function fargate(subnetId: string): object {
  return {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: {
      awsvpcConfiguration: { subnets: [subnetId], securityGroups: ['sg-1'] },
    },
  }
}

async function subnet(port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}/`
  const body = 'Action=DescribeSubnets&Version=2016-11-15'
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const signed = sign(
    { method: 'POST', url, headers, body },
    { region: REGION, credentials: KEYS, now: Date.now() },
  )
  // moto looks for the service in the signature's scope, and does not check the signature.
  const authorization = (signed['authorization'] ?? '').replace('/ecs/', '/ec2/')
  const answer = await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body })
  const id = /<subnetId>(subnet-[0-9a-f]+)</.exec(await answer.text())?.[1]
  if (id === undefined) throw new Error('moto has no subnet')
  return id
}

async function answering(target: Target): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1)
    try {
      await ask(target, 'ListClusters', {})
      return
    } catch {
      await systemClock.sleep(100)
    }
  throw new Error('moto_server does not answer')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
