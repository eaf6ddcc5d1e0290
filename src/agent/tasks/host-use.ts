/** What a task does to the host that runs it, held to what the host's operator allows. */
import {
  type Ask,
  asksOf,
  describeAsk,
  type HostPolicy,
  isPath,
  type Kind,
  refusedAsk,
} from '#wire/host-policy.ts'
import type { Logging } from '#wire/log-options.ts'
import type { AcsTask } from '#wire/task.ts'

import { EngineError } from '../engine.ts'
import type { Host } from '../host.ts'
import { jsonObject } from './create.ts'

/** What decides about each kind, as operators know it. */
const SETTINGS: Readonly<Record<Kind, string>> = {
  paths: 'BERTH_ALLOW_HOST_PATHS',
  devices: 'BERTH_ALLOW_DEVICES',
  capabilities: 'BERTH_ALLOW_CAPABILITIES',
  namespaces: 'BERTH_ALLOW_HOST_NAMESPACES',
  registries: 'BERTH_ALLOW_REGISTRIES',
}

/** Why the host may not run the task, as far as the task itself says. */
export function hostProblem(task: AcsTask, policy: HostPolicy): string | undefined {
  const ask = refusedAsk(policy, asksOfTask(task))
  return ask && problemOf(ask)
}

/** Throws where a path of the task leads to where the host's operator does not let it. */
export async function checkRealPaths(
  task: AcsTask,
  policy: HostPolicy,
  host: Pick<Host, 'realPath'>,
): Promise<void> {
  const asks = asksOfTask(task).filter(({ kind }) => isPath(kind) && policy[kind])
  if (asks.length === 0) return
  const known = { paths: await real(policy.paths, host), devices: await real(policy.devices, host) }
  for (const ask of asks) {
    // The policy may have changed since the task was accepted; and what is not clear leads nowhere that can be told.
    if (refusedAsk(policy, [ask]))
      throw new EngineError('CannotCreateContainerError', problemOf(ask))
    const what = await host.realPath(ask.what).catch((error: unknown) => {
      const why = `${describeAsk(ask)} leads nobody knows where: ${String(error)}`
      throw new EngineError('CannotCreateContainerError', why)
    })
    if (refusedAsk(known, [{ ...ask, what }]))
      throw new EngineError('CannotCreateContainerError', problemOf(ask, what))
  }
}

const problemOf = (ask: Ask, leadsTo = ask.what): string =>
  `${describeAsk(ask)}${leadsTo === ask.what ? '' : `, which is ${leadsTo},`} is not allowed on this host (${SETTINGS[ask.kind]})`

/** What is named by the operator is meant by all of its names. */
async function real(
  rule: HostPolicy[Kind],
  host: Pick<Host, 'realPath'>,
): Promise<HostPolicy[Kind]> {
  if (!rule) return undefined
  const also = await Promise.all(rule.named.map((path) => host.realPath(path).catch(() => path)))
  return { ...rule, named: [...rule.named, ...also] }
}

function asksOfTask({ networkMode, pidMode, ipcMode, volumes = [], containers = [] }: AcsTask) {
  const bodies = containers.map(({ dockerConfig }) => jsonObject(dockerConfig?.hostConfig))
  const names = new Set(volumes.map(({ name }) => name))
  const mounts = containers.flatMap(({ mountPoints = [] }) => mountPoints)
  const own = bodies.find(({ NetworkMode }) => NetworkMode === 'host') ? 'host' : networkMode
  return asksOf({
    networkMode: own,
    pidMode,
    ipcMode,
    sourcePaths: [
      ...volumes.flatMap(({ host }) => host?.sourcePath || []),
      // The engine takes the name of a volume that nobody declared as it stands.
      ...mounts.flatMap(({ sourceVolume = '' }) => (names.has(sourceVolume) ? [] : sourceVolume)),
    ].filter((path) => path.startsWith('/')),
    driverOpts: volumes.flatMap(({ dockerVolumeConfiguration: docker }) =>
      docker?.driverOpts ? [docker.driverOpts] : [],
    ),
    capabilities: bodies.flatMap(({ CapAdd }) => textsOf(CapAdd)),
    securityOptions: bodies.flatMap(({ SecurityOpt }) => textsOf(SecurityOpt)),
    logging: bodies.map(loggingOf),
    images: containers.map(({ image }) => image),
    devices: bodies.flatMap(({ Devices }) =>
      Array.isArray(Devices) ? Devices.flatMap((one) => textsOf([one?.PathOnHost])) : [],
    ),
  })
}

/** How a container logs; without a word of it, as the engine does by itself. */
export function loggingOf({ LogConfig }: Readonly<Record<string, unknown>>): Logging {
  const { Type, Config } = (LogConfig ?? {}) as { Type?: unknown; Config?: unknown }
  const options = Object.entries(typeof Config === 'object' && Config !== null ? Config : {})
  return {
    driver: typeof Type === 'string' ? Type : '',
    options: Object.fromEntries(options.map(([name, value]) => [name, String(value)])),
  }
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
