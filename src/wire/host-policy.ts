/**
 * What a host's operator lets task definitions do to the host. The agent holds to it, and registers it as attributes, so
 * that the scheduler sends no task where it would be refused. Pure.
 */
import { oncePer } from '#kernel/once-per.ts'

import type { Attribute } from './calls.ts'
import { type Logging, logReach } from './log-options.ts'
import { registryOf } from './registry.ts'
import { foldersOf, writtenOptions } from './volume-options.ts'

const KINDS = ['paths', 'devices', 'capabilities', 'namespaces', 'registries'] as const
export type Kind = (typeof KINDS)[number]
/** Either nothing but what is named, or everything but that. */
export type Rule = { readonly how: 'only' | 'all-but'; readonly named: readonly string[] }
/** A kind without a rule is allowed whole. */
export type HostPolicy = { readonly [K in Kind]?: Rule | undefined }

/** One thing that a task definition asks of its host, and the member that asks for it. */
export type Ask = { readonly kind: Kind; readonly what: string; readonly member: string }

/** What of a task definition, however it is written, reaches beyond its containers. */
export type HostUse = {
  readonly networkMode?: string | undefined
  readonly pidMode?: string | undefined
  readonly ipcMode?: string | undefined
  readonly sourcePaths: readonly string[]
  readonly driverOpts: readonly Readonly<Record<string, string>>[]
  readonly capabilities: readonly string[]
  readonly devices: readonly string[]
  readonly securityOptions?: readonly string[] | undefined
  readonly logging?: readonly Logging[] | undefined
  readonly images?: readonly string[] | undefined
}

/** Changes a guard of the container, as capabilities and `privileged` do: all but the one option that only adds to it. */
export const isOfGuard = (option: string): boolean => !/^no-new-privileges([:=]true)?$/.test(option)

export function asksOf(use: HostUse): readonly Ask[] {
  const modes = [
    ['network', 'networkMode', use.networkMode],
    ['pid', 'pidMode', use.pidMode],
    ['ipc', 'ipcMode', use.ipcMode],
  ] as const
  return [
    ...modes.flatMap(([what, member, mode]): readonly Ask[] =>
      mode === 'host' ? [{ kind: 'namespaces', what, member: `${member} host` }] : [],
    ),
    ...use.sourcePaths.map((path) => pathAsk('paths', path, 'volumes.host.sourcePath')),
    ...use.driverOpts.flatMap(mountAsks),
    ...use.capabilities.map((name): Ask => {
      const member = 'linuxParameters.capabilities.add'
      return { kind: 'capabilities', what: capability(name), member }
    }),
    ...use.devices.map((path) => pathAsk('devices', path, 'linuxParameters.devices.hostPath')),
    ...(use.securityOptions ?? []).filter(isOfGuard).map((option): Ask => {
      return { kind: 'capabilities', what: capability(option), member: 'dockerSecurityOptions' }
    }),
    ...(use.logging ?? []).flatMap(logAsks),
    // A registry may send the engine on to any address that it can reach.
    ...[...new Set((use.images ?? []).map(registryOf))].map((what): Ask => {
      return { kind: 'registries', what, member: 'image' }
    }),
  ]
}

/** The first that the policy does not allow. */
export const refusedAsk = (policy: HostPolicy, asks: readonly Ask[]): Ask | undefined =>
  asks.find(({ kind, what }) => !isAllowed(policy[kind], kind, what))

export const describeAsk = ({ kind, member, what }: Ask): string =>
  kind === 'namespaces' ? member : `${member} ${what}`

/** As rules name capabilities: without the prefix that some write. */
export const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, '')

/** As rules name paths: no dot, no slash at the end. What `..` leads to only the links before it say: it stays. */
export const plainPath = (path: string): string =>
  `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`

/** Lead on to wherever another process is, whoever owns that: no rule can name what is behind them. */
const MAGIC_LINK = /^\/proc\/[^/]+\/(task\/[^/]+\/)?(root|cwd|exe|fd|map_files|ns)(\/|$)/
const isInProc = (path: string): boolean => /^\/proc(\/|$)/.test(path)

/** Whether what is meant is what is written. The engine reads a colon in a path as the end of it. */
const isClear = (kind: Kind, path: string): boolean =>
  path.startsWith('/') &&
  !/(^|\/)\.\.(\/|$)/.test(path) &&
  !MAGIC_LINK.test(path) &&
  !(kind === 'paths' && path.includes(':'))

function isAllowed(rule: Rule | undefined, kind: Kind, what: string): boolean {
  if (!rule) return true
  if (isPath(kind) && !isClear(kind, what)) return false
  const holds = (outer: string, inner: string): boolean =>
    outer === inner ||
    (isPath(kind) && inner.startsWith(outer === '/' ? '/' : `${outer}/`)) ||
    (kind === 'capabilities' && outer === ALL) ||
    (kind === 'namespaces' && outer === NETWORK && inner.startsWith(NETWORK_OF_LOGS))
  return rule.how === 'only'
    ? // Processes are no files: whoever may have all files has not named them.
      rule.named.some(
        (one) => holds(one, what) && (!isPath(kind) || isInProc(one) || !isInProc(what)),
      )
    : // Whoever has a folder has what is in it.
      !rule.named.some((one) => holds(one, what) || holds(what, one))
}

const ALL = 'ALL'
const NETWORK = 'network'
/** The host's network as far as log drivers write to one server. A name may lead anywhere, also to the host itself. */
const NETWORK_OF_LOGS = `${NETWORK}:`
export const isLogServer = (name: string): boolean => /^network:[\w.:-]+$/.test(name)
export const isPath = (kind: Kind): boolean => kind === 'paths' || kind === 'devices'

const pathAsk = (kind: 'paths' | 'devices', path: string, member: string): Ask => ({
  kind,
  // What is relative is no path that a rule can name.
  what: path.startsWith('/') ? plainPath(path) : path,
  member,
})

const LOG_MEMBER = 'logConfiguration.options'

function logAsks(logging: Logging): readonly Ask[] {
  const { paths, servers } = logReach(logging)
  return [
    ...paths.map((path) => pathAsk('paths', path, LOG_MEMBER)),
    ...servers.map((server): Ask => {
      const what = `${NETWORK_OF_LOGS}${server}`
      return { kind: 'namespaces', what, member: `${LOG_MEMBER} ${what}` }
    }),
  ]
}

const MEMBER = 'volumes.dockerVolumeConfiguration.driverOpts'

function mountAsks(options: Readonly<Record<string, string>>): readonly Ask[] {
  const folders = foldersOf(options)
  return folders
    ? folders.map((path) => pathAsk('paths', path, MEMBER))
    : [{ kind: 'paths', what: writtenOptions(options), member: MEMBER }]
}

/** Attributes of this form are the agent's to set. */
const PREFIX = 'berth.host-policy.'
export const isPolicyAttribute = (name: string): boolean => name.startsWith(PREFIX)
/** A longer list is the agent's alone to hold to. */
const NAMED_MAX = 50
const isTellable = (text: string): boolean => /^[\w\-./\\@:]{1,128}$/.test(text)

/** What the scheduler is told. What an attribute cannot say is refused by the agent when a task comes. */
export const policyAttributes = (policy: HostPolicy): readonly Attribute[] =>
  KINDS.flatMap((kind) => {
    const rule = policy[kind]
    if (!rule) return []
    const tellable = rule.named.filter(isTellable).slice(0, NAMED_MAX)
    // Half an allow list would refuse what is allowed.
    if (rule.how === 'only' && tellable.length < rule.named.length) return []
    return [
      { name: `${PREFIX}${kind}`, value: rule.how },
      ...tellable.map((value, at) => ({ name: `${PREFIX}${kind}.${at}`, value })),
    ]
  })

/** What an agent told. One of Amazon's says nothing, and refuses nothing. */
export const policyOf = oncePer((attributes: ReadonlyMap<string, string>): HostPolicy => {
  const rules = KINDS.flatMap((kind) => {
    const how = attributes.get(`${PREFIX}${kind}`)
    if (how !== 'only' && how !== 'all-but') return []
    const named: string[] = []
    for (let at = 0; at < NAMED_MAX; at += 1) {
      const one = attributes.get(`${PREFIX}${kind}.${at}`)
      if (one === undefined) break
      named.push(one)
    }
    return [[kind, { how, named }] as const]
  })
  return Object.fromEntries(rules)
})
