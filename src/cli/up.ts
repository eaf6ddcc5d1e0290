/** `berth up`: from nothing to a task that answers, saying each step. Whatever is there already is left as it is. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Command } from 'commander'

import { StateFile } from '#agent/state/file.ts'
import type { ServerConfig } from '#server/config.ts'
import { prepareData } from '#server/data.ts'
import type { Keys } from '#server/keys.ts'

import { readKeys } from './account.ts'
import { ask } from './admin-client.ts'
import { type Api, ecsApi } from './api.ts'
import { called } from './called.ts'
import { hello } from './demo.ts'
import { dockerSocket, refuseOtherEngine } from './docker-socket.ts'
import { engine } from './engine-start.ts'
import { Own } from './own.ts'
import { dataDirectory } from './paths.ts'
import { endBackground, findBackground, logFile, until, watched } from './process.ts'
import { step } from './progress.ts'
import { REGION } from './server-options.ts'
import { checkServer, explained } from './server.ts'
import { asOptions, configOf, type Settings, settled } from './settings.ts'
import { readStatusIfRunning, type Status } from './status.ts'
import { trust } from './trust.ts'
import { UserError } from './user-error.ts'

export type UpCommand = { readonly detach: boolean; readonly demo: boolean }

const CLUSTER = 'default'
const SERVER_START_MS = 30_000
const AGENT_START_MS = 60_000
const FOREGROUND_LOOK_MS = 250
/** What a shell says of a program that a Ctrl-C has ended. */
const INTERRUPTED_EXIT = 130

export async function up(options: UpCommand, command: Command): Promise<void> {
  const settings = settled(command)
  const data = prepareData(settings.data).root
  const running = await readStatusIfRunning(data)
  await check(data, settings, running)
  if (running) refuseOthers(running, settings)
  const own = new Own()
  const interrupted = new Promise<never>((_done, fail) =>
    own.enough.addEventListener('abort', () => fail(new UserError('interrupted'))),
  )
  interrupted.catch(() => {})
  let status: Status
  try {
    status = await Promise.race([begin(data, options, settings, own), interrupted])
  } catch (error) {
    await ended(own)
    if (!own.enough.aborted) throw error
    console.log('interrupted: what was there before runs on, and so do tasks')
    // What was under way may still wait for what has ended.
    return process.exit(INTERRUPTED_EXIT)
  }
  next(settings)
  if (options.detach) return own.release()
  await foreground(data, status, own)
}

/** Everything that `up` stands for, in its order. */
async function begin(
  data: string,
  options: UpCommand,
  { given }: Settings,
  own: Own,
): Promise<Status> {
  await engine(data, options.demo)
  const status = await controlPlane(data, given, own)
  const { endpoint } = status
  const authorities = trust(endpoint, given['ca'], status.settings)
  const region = await regionOfHost(data, given, status)
  const keys = await readKeys(data)
  const api: Api = ecsApi(endpoint, region, keys)
  await step(`cluster ${CLUSTER}`, async () => {
    await api('CreateCluster', { clusterName: CLUSTER })
    return 'ACTIVE'
  })
  const place = ['--endpoint', endpoint, '--cluster', CLUSTER, '--region', region]
  const trusted = authorities === undefined ? [] : ['--ca', authorities]
  await agent(data, keys.accountId, [...place, ...trusted], own)
  if (options.demo) await hello(api, CLUSTER)
  return status
}

/** A host stays in the region that it joined; which one is asked only of a host that is new. */
async function regionOfHost(
  data: string,
  { region }: Settings['given'],
  { settings }: Status,
): Promise<string> {
  const state = await new StateFile(join(data, 'agent')).load()
  const joined = state?.containerInstanceArn?.split(':')[3]
  if (joined !== undefined && region !== undefined && joined !== region)
    throw new UserError(`this host is in region ${joined}, and cannot be in ${region} too`)
  return String(joined ?? region ?? settings['region'])
}

/**
 * What is wrong with the settings is said before anything is installed or started, and before they are compared with
 * those of a server that runs: what it would never take is no reason to end it.
 */
async function check(
  data: string,
  { given, config: own }: Settings,
  running: Status | undefined,
): Promise<void> {
  const config = running ? configOf(data, { ...running.settings, ...given }) : own
  checkServer({ config, given })
  refuseOtherEngine(data)
  if (!running) await probePort(config)
}

async function probePort(config: ServerConfig): Promise<void> {
  try {
    await new Promise<void>((done, fail) => {
      const probe = createServer().once('error', fail)
      probe.listen({ host: config.host, port: config.port }, () => probe.close(() => done()))
    })
  } catch (error) {
    throw explained(error, config)
  }
}

/** A server that runs has its settings; `ca` and `region` are about those who talk to it. */
function refuseOthers({ settings: has, dataDirectory: data }: Status, { given }: Settings): void {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'ca' || name === 'region' || has[name] === value) continue
    throw new UserError(
      `Berth runs already on ${data} with ${name} ${String(has[name] ?? 'not set')}, and takes ${String(value)} only when it starts: ${called('down', '--data', data)} first`,
    )
  }
}

async function controlPlane(data: string, given: Settings['given'], own: Own): Promise<Status> {
  const what = { name: 'server', data }
  return step<Status>('control plane', async () => {
    const running = await readStatusIfRunning(data)
    if (running) return [running, `${running.endpoint}, already running`]
    const { ended } = own.start(what, ['server', '--data', data, ...asOptions(given)])
    const status = await until(
      () => {
        const words = ended()
        if (words !== undefined) throw new UserError(`the control plane did not start: ${words}`)
        return readStatusIfRunning(data)
      },
      SERVER_START_MS,
      () => `the control plane does not answer: see ${logFile(what)}`,
    )
    return [status, status.endpoint]
  })
}

async function agent(
  data: string,
  accountId: string,
  place: readonly string[],
  own: Own,
): Promise<void> {
  const what = { name: 'agent', data }
  const { keys, isNew } = await hostKeys(data, accountId)
  const { accessKeyId, secretAccessKey } = keys
  // One that runs with keys that have ended is let in no more; its tasks run on.
  if (isNew) await endBackground(what)
  const state = new StateFile(join(data, 'agent'))
  await step('agent of this host', async () => {
    const isThere = findBackground(what) !== undefined
    const started = isThere
      ? undefined
      : own.start(what, ['agent', '--data', data, '--docker', dockerSocket(), ...place], {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
        })
    const host = await until(
      async () => {
        const words = started?.ended()
        if (words !== undefined) throw new UserError(`the agent did not start: ${words}`)
        const status = await readStatusIfRunning(data)
        // The server may have other hosts too.
        const its = await state.load()
        return status?.containerInstances.find(
          ({ arn, agentConnected, status: now }) =>
            arn === its?.containerInstanceArn && agentConnected && now === 'ACTIVE',
        )
      },
      AGENT_START_MS,
      () => `the agent does not connect: see ${logFile(what)}`,
    )
    return `${host.arn.split('/').pop() ?? ''} ACTIVE${isThere ? ', already running' : ''}`
  })
}

type HostKeys = Keys & { readonly hostId?: string }
type Hosts = {
  readonly hosts: readonly { readonly hostId: string; readonly accessKeyId: string }[]
}

/**
 * This host's machine key: made once, kept for its owner, and made again where it was rotated or revoked since: whoever
 * may open the operator's socket may have this host join. It stays the host that it was.
 */
async function hostKeys(
  data: string,
  account: string,
): Promise<{ readonly keys: Keys; readonly isNew: boolean }> {
  const file = join(data, 'host-keys.json')
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HostKeys) : undefined
  const accountId = kept?.accountId ?? account
  const { hosts } = await ask<Hosts>(data, '/host/list', { accountId })
  const known = hosts.find(({ accessKeyId }) => accessKeyId === kept?.accessKeyId)
  if (kept && !known && kept.hostId === undefined)
    throw new UserError(
      `the machine key in ${file} is good no more: put there the keys that berth host rotate printed`,
    )
  const hostId = known?.hostId ?? kept?.hostId ?? `${hostname()}-${Date.now().toString(36)}`
  const keys = kept && known ? kept : await ask<Keys>(data, '/host/create', { accountId, hostId })
  if (keys !== kept || kept.hostId === undefined)
    writeFileSync(file, `${JSON.stringify({ ...keys, hostId }, undefined, 2)}\n`, { mode: 0o600 })
  return { keys, isNew: kept !== undefined && known === undefined }
}

/** Until the user has had enough, or the control plane has ended by itself. */
async function foreground(data: string, { pid }: Status, own: Own): Promise<void> {
  console.log(
    own.names.length === 0
      ? `\nBerth ran before and runs on when you press Ctrl-C. \`${called('down')}\` ends it.`
      : `\nUntil you press Ctrl-C: ${own.names.join(' and ')}; tasks stay. \`${called('up', '--detach')}\` returns instead.`,
  )
  const runs = watched(pid)
  // Neither signals nor a process in the background keep this one alive: looking does.
  while (!own.enough.aborted && runs())
    await sleep(FOREGROUND_LOOK_MS, undefined, { signal: own.enough }).catch(() => {})
  const isAsked = own.enough.aborted
  await ended(own)
  if (!isAsked)
    throw new UserError(`the control plane has ended: see ${logFile({ name: 'server', data })}`)
}

async function ended(own: Own): Promise<void> {
  if (own.names.length > 0)
    await step(`ending ${own.names.toReversed().join(' and ')}`, async () => {
      await own.end()
      return 'ended; tasks stay'
    })
}

function next({ data, given }: Settings): void {
  const region = String(given['region'] ?? REGION)
  const flags = [
    ...(data === dataDirectory(undefined) ? [] : ['--data', data]),
    ...(region === REGION ? [] : ['--region', region]),
  ]
  console.log(`
  eval "$(${called('env', ...flags)})"

  aws ecs list-tasks
  aws ecs describe-task-definition --task-definition hello
  aws ecs run-task --task-definition hello --count 2`)
}
