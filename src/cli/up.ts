/** `berth up`: from nothing to a task that answers, saying each step. Whatever is there already is left as it is. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { StateFile } from '#agent/state/file.ts'
import { prepareData } from '#server/data.ts'
import type { Keys } from '#server/keys.ts'

import { ask } from './admin-client.ts'
import { ecsApi } from './api.ts'
import { hello } from './demo.ts'
import { endAll } from './down.ts'
import { rootKeys } from './env.ts'
import { dataDirectory } from './paths.ts'
import {
  aptInstall,
  busyboxFinding,
  canInstall,
  DOCKER_SOCKET,
  dockerFinding,
} from './prerequisites.ts'
import {
  type Background,
  findBackground,
  lastLines,
  logFile,
  sleep,
  startBackground,
  until,
} from './process.ts'
import { step } from './progress.ts'
import { readStatusIfRunning, type Status } from './status.ts'
import { UserError } from './user-error.ts'

export type UpCommand = {
  readonly data?: string
  readonly port: number
  readonly region: string
  readonly detach: boolean
  readonly demo: boolean
}

const CLUSTER = 'default'
const ENGINE_START_MS = 60_000
const SERVER_START_MS = 30_000
const AGENT_START_MS = 60_000
const FOREGROUND_LOOK_MS = 250

export async function up(options: UpCommand): Promise<void> {
  const data = prepareData(dataDirectory(options.data)).root
  await engine(data, options.demo)
  const status = await controlPlane(data, options)
  const api = ecsApi(status.endpoint, options.region, rootKeys(data))
  await step(`cluster ${CLUSTER}`, async () => {
    await api('CreateCluster', { clusterName: CLUSTER })
    return 'ACTIVE'
  })
  await agent(data, status, options.region)
  if (options.demo) await hello(api, CLUSTER)
  next(options)
  if (options.detach) return
  console.log(
    '\nBerth runs until you press Ctrl-C; tasks stay. `berth up --detach` returns instead.',
  )
  const isAsked = await foreground({ name: 'server', data })
  await step('ending the agent and the control plane', async () => {
    await endAll(data)
    return 'ended; tasks stay'
  })
  if (!isAsked)
    throw new UserError(`the control plane had ended: see ${logFile({ name: 'server', data })}`)
}

/**
 * Waits until the user has had enough (true), or the process has ended by itself. Neither signals nor a process in the
 * background keep this one alive: looking does.
 */
async function foreground(what: Background): Promise<boolean> {
  const asked = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => asked.abort())
  while (!asked.signal.aborted && findBackground(what) !== undefined)
    await sleep(FOREGROUND_LOOK_MS)
  return asked.signal.aborted
}

async function engine(data: string, demo: boolean): Promise<void> {
  const found = await dockerFinding()
  const missing = [
    ...(found.detail === 'not installed' ? ['docker.io'] : []),
    ...(demo && !busyboxFinding().ok ? ['busybox-static'] : []),
  ]
  if (missing.length > 0 && canInstall())
    await step(`installing ${missing.join(', ')} with apt`, async () => {
      aptInstall(missing)
      return 'installed'
    })
  await step('Docker Engine', async () => {
    const now = await dockerFinding()
    if (now.ok) return now.detail
    if (now.detail !== 'not running')
      throw new UserError(`Docker Engine: ${now.detail}. ${now.remedy ?? ''}`)
    startEngine(data, now.remedy)
    const started = await until(
      async () => {
        const look = await dockerFinding()
        return look.ok ? look : undefined
      },
      ENGINE_START_MS,
      () => `the Docker Engine does not start: see ${join(data, 'log', 'dockerd.log')}`,
    )
    return `${started.detail}, started`
  })
}

function startEngine(data: string, remedy: string | undefined): void {
  if (process.getuid?.() !== 0)
    throw new UserError(`the Docker Engine is not running. ${remedy ?? ''}`)
  if (existsSync('/run/systemd/system')) {
    spawn('systemctl', ['start', 'docker'], { stdio: 'ignore' })
    return
  }
  mkdirSync(join(data, 'log'), { recursive: true })
  const log = openSync(join(data, 'log', 'dockerd.log'), 'a', 0o600)
  spawn('dockerd', ['-H', `unix://${DOCKER_SOCKET}`], {
    detached: true,
    stdio: ['ignore', log, log],
  }).unref()
}

async function controlPlane(data: string, options: UpCommand): Promise<Status> {
  const server = { name: 'server', data }
  return step<Status>('control plane', async () => {
    const running = await readStatusIfRunning(data)
    if (running) return [running, `${running.endpoint}, already running`]
    const child = startBackground(server, [
      'server',
      '--data',
      data,
      '--port',
      String(options.port),
    ])
    const status = await until(
      () => {
        if (child.exitCode !== null)
          throw new UserError(`the control plane did not start:\n${lastLines(server)}`)
        return readStatusIfRunning(data)
      },
      SERVER_START_MS,
      () => `the control plane does not answer: see ${logFile(server)}`,
    )
    return [status, status.endpoint]
  })
}

async function agent(data: string, { endpoint, accounts }: Status, region: string): Promise<void> {
  const what = { name: 'agent', data }
  const keys = await hostKeys(data, accounts[0])
  const state = new StateFile(join(data, 'agent'))
  await step('agent of this host', async () => {
    const child = findBackground(what) === undefined ? startAgent() : undefined
    const host = await until(
      async () => {
        if (child && child.exitCode !== null)
          throw new UserError(`the agent did not start:\n${lastLines(what)}`)
        const status = await readStatusIfRunning(data)
        // The server may have other hosts too.
        const own = await state.load()
        return status?.containerInstances.find(
          ({ arn, agentConnected, status: its }) =>
            arn === own?.containerInstanceArn && agentConnected && its === 'ACTIVE',
        )
      },
      AGENT_START_MS,
      () => `the agent does not connect: see ${logFile(what)}`,
    )
    return `${host.arn.split('/').pop() ?? ''} ACTIVE${child ? '' : ', already running'}`
  })

  function startAgent() {
    const args = [
      'agent',
      '--endpoint',
      endpoint,
      '--cluster',
      CLUSTER,
      '--region',
      region,
      '--data',
      data,
    ]
    return startBackground(what, args, {
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    })
  }
}

/** This host's machine key: made once, kept for its owner. */
async function hostKeys(data: string, accountId: string | undefined): Promise<Keys> {
  const file = join(data, 'host-keys.json')
  if (!existsSync(file)) {
    const keys = await ask<Keys>(data, '/host/create', {
      accountId,
      hostId: `${hostname()}-${Date.now().toString(36)}`,
    })
    writeFileSync(file, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 })
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Keys
}

function next({ data, region }: UpCommand): void {
  const flags = data === undefined ? '' : ` --data ${data}`
  const regionFlag = region === 'us-east-1' ? '' : ` --region ${region}`
  console.log(`
  eval "$(./berth env${flags}${regionFlag})"

  aws ecs list-tasks
  aws ecs describe-task-definition --task-definition hello
  aws ecs run-task --task-definition hello --count 2`)
}
