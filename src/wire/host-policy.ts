/**
 * What a host's operator lets task definitions do to the host. The agent holds to it, and registers it as attributes, so
 * that the scheduler sends no task where it would be refused. Pure.
 */
import { oncePer } from '#kernel/once-per.ts'

import type { Attribute } from './calls.ts'

const KINDS = ['paths', 'devices', 'capabilities', 'namespaces'] as const
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
}

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
  ]
}

/** The first that the policy does not allow. */
export const refusedAsk = (policy: HostPolicy, asks: readonly Ask[]): Ask | undefined =>
  asks.find(({ kind, what }) => !isAllowed(policy[kind], kind, what))

export const describeAsk = ({ kind, member, what }: Ask): string =>
  kind === 'namespaces' ? member : `${member} ${what}`

/** As rules name capabilities: without the prefix that some write. */
export const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, '')

/** As rules name paths: no dots, no slash at the end. */
export function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/'))
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  return `/${parts.join('/')}`
}

function isAllowed(rule: Rule | undefined, kind: Kind, what: string): boolean {
  if (!rule) return true
  const holds = (outer: string, inner: string): boolean =>
    outer === inner ||
    (isPath(kind) && inner.startsWith(outer === '/' ? '/' : `${outer}/`)) ||
    (kind === 'capabilities' && outer === ALL)
  return rule.how === 'only'
    ? rule.named.some((one) => holds(one, what))
    : // Whoever has a folder has what is in it.
      !rule.named.some((one) => holds(one, what) || holds(what, one))
}

const ALL = 'ALL'
export const isPath = (kind: Kind): boolean => kind === 'paths' || kind === 'devices'

const pathAsk = (kind: 'paths' | 'devices', path: string, member: string): Ask => ({
  kind,
  what: plainPath(path),
  member,
})

/** Of these the kernel reads no path of the host in `device`. */
const ELSEWHERE = /^(nfs4?|cifs|smb3|tmpfs)$/
const MEMBER = 'volumes.dockerVolumeConfiguration.driverOpts'

/** A volume's options are those of mount(8): a bind, an overlay of folders, a disk. */
function mountAsks(options: Readonly<Record<string, string>>): readonly Ask[] {
  const { type = '', o = '', device = '' } = options
  const words = o.split(',').map((word) => word.trim())
  const isBind = words.some((word) => /^r?bind$/.test(word))
  const inOptions = words.flatMap((word) => word.slice(word.indexOf('=') + 1).split(':'))
  const paths = [...(isBind || !ELSEWHERE.test(type) ? [device] : []), ...inOptions]
  return [
    ...paths.filter((path) => path.startsWith('/')).map((path) => pathAsk('paths', path, MEMBER)),
    // A file system of the kernel's, such as proc, or a disk: what is on it cannot be told.
    ...(isBind || type === 'none' || type === '' || type === 'overlay' || ELSEWHERE.test(type)
      ? []
      : [pathAsk('devices', device || type, MEMBER)]),
  ]
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
