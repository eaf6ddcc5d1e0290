/** The rules of port mappings, which depend on the task's network mode. */
import type {
  ContainerDefinition,
  PortMapping,
  RegisterTaskDefinitionRequest,
} from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'

const PORT_MAX = 65_535
const RANGES_MAX = 100
const NAME = /^[a-z0-9_][a-z0-9_-]{0,63}$/
const APP_PROTOCOLS = ['http', 'http2', 'grpc']

const isPort = (port: number | undefined): port is number =>
  port !== undefined && Number.isInteger(port) && port >= 1 && port <= PORT_MAX

/** The first and last port of `a-b`, or `undefined` when it is no range. */
export function parseRange(
  text: string,
): { readonly first: number; readonly last: number } | undefined {
  const [, a, b] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const first = Number(a)
  const last = Number(b)
  return isPort(first) && isPort(last) && first < last ? { first, last } : undefined
}

export function validatePorts(input: RegisterTaskDefinitionRequest): void {
  const mode = input.networkMode ?? 'bridge'
  const hostPorts = new Set<string>()
  const names = new Set<string>()
  for (const container of input.containerDefinitions) {
    const mappings = container.portMappings ?? []
    if (mode === 'none' && mappings.length > 0)
      throw clientException('Port mappings are not supported when networkMode=none.')
    if (mappings.filter((mapping) => mapping.containerPortRange !== undefined).length > RANGES_MAX)
      throw clientException(
        `Container '${container.name}' has more than ${RANGES_MAX} port ranges.`,
      )
    const used = new Map<string, 'fixed' | 'dynamic'>()
    for (const mapping of mappings) {
      one(container, mapping, mode)
      overlap(container, mapping, used)
      fixedHostPort(mapping, mode, hostPorts)
      if (mapping.name === undefined) continue
      if (names.has(mapping.name))
        throw clientException(`Port mapping name '${mapping.name}' is used more than once.`)
      names.add(mapping.name)
    }
  }
}

function one({ name }: ContainerDefinition, mapping: PortMapping, mode: string): void {
  const { containerPort, hostPort, containerPortRange, protocol, appProtocol } = mapping
  if (containerPortRange !== undefined) {
    if (containerPort !== undefined || hostPort !== undefined)
      throw clientException(
        `'containerPort' and 'hostPort' must not be set with 'containerPortRange' for container '${name}'.`,
      )
    if (mode === 'host')
      throw clientException("'containerPortRange' is not supported when networkMode=host.")
    if (!parseRange(containerPortRange))
      throw clientException(`Invalid 'containerPortRange' setting for container '${name}'.`)
  } else if (!isPort(containerPort))
    throw clientException(`Invalid 'containerPort' setting for container '${name}'.`)
  if (hostPort !== undefined && hostPort !== 0 && !isPort(hostPort))
    throw clientException(`Invalid 'hostPort' setting for container '${name}'.`)
  if (mode !== 'bridge' && hostPort !== undefined && hostPort !== containerPort)
    throw clientException(
      `When networkMode=${mode}, the host ports and container ports in port mappings must match.`,
    )
  if (protocol !== undefined && protocol !== 'tcp' && protocol !== 'udp')
    throw clientException(`Invalid 'protocol' setting for container '${name}'.`)
  if (mapping.name !== undefined && !NAME.test(mapping.name))
    throw clientException(`Invalid 'name' setting of a port mapping for container '${name}'.`)
  if (appProtocol !== undefined && !APP_PROTOCOLS.includes(appProtocol))
    throw clientException(`Invalid 'appProtocol' setting for container '${name}'.`)
}

/** One container port of a protocol has one mapping, or several to fixed host ports. */
function overlap(
  { name }: ContainerDefinition,
  mapping: PortMapping,
  used: Map<string, 'fixed' | 'dynamic'>,
): void {
  const range =
    mapping.containerPortRange === undefined ? undefined : parseRange(mapping.containerPortRange)
  const first = range?.first ?? Number(mapping.containerPort)
  const last = range?.last ?? first
  for (let port = first; port <= last; port++) {
    const id = `${port}/${mapping.protocol ?? 'tcp'}`
    const before = used.get(id)
    if (before !== undefined && !(before === 'fixed' && mapping.hostPort))
      throw clientException(
        `Container port '${port}' of container '${name}' is in more than one port mapping.`,
      )
    used.set(id, mapping.hostPort ? 'fixed' : 'dynamic')
  }
}

function fixedHostPort(mapping: PortMapping, mode: string, hostPorts: Set<string>): void {
  const hostPort =
    mode === 'bridge' ? mapping.hostPort : (mapping.hostPort ?? mapping.containerPort)
  if (!hostPort) return
  const protocol = (mapping.protocol ?? 'tcp').toUpperCase()
  const id = `${protocol} ${hostPort}`
  if (hostPorts.has(id))
    throw clientException(`${protocol} host port '${hostPort}' is mapped multiple times in task.`)
  hostPorts.add(id)
}
