import { WireError } from './read.ts'

/** Who connects. Versions are known to the control plane by these parameters only: no call carries them. */
export type AcsConnect = {
  readonly agentHash: string
  readonly agentVersion: string
  /** The cluster's name or ARN, whatever the agent was configured with. */
  readonly clusterArn: string
  readonly containerInstanceArn: string
  /** With the prefix `DockerVersion: `. */
  readonly dockerVersion: string
  /** True on the first connection of a process: credentials of every live task are then to be sent. */
  readonly sendCredentials: boolean
  /** Of Berth's own agent only: which data directory, on which start of which machine. */
  readonly installationId?: string | undefined
  readonly bootId?: string | undefined
}

export type TcsConnect = {
  readonly agentHash: string
  readonly agentVersion: string
  readonly cluster: string
  readonly containerInstance: string
  /** Without a prefix. */
  readonly dockerVersion: string
}

/** The socket's address: the endpoint that DiscoverPollEndpoint told, `ws`, and the parameters in order of their names. */
export function acsUrl(endpoint: string, connect: AcsConnect): string {
  const { installationId, bootId, ...plain } = connect
  return socketUrl(endpoint, {
    ...plain,
    ...(installationId !== undefined && { installationId }),
    ...(bootId !== undefined && { bootId }),
    protocolVersion: '2',
    sendCredentials: String(connect.sendCredentials),
    // Always 1, whatever was received: kept as Amazon's agent has it.
    seqNum: '1',
  })
}

export function tcsUrl(endpoint: string, connect: TcsConnect): string {
  return socketUrl(endpoint, connect)
}

/** Read by the control plane from the request line's path and query. */
export function parseAcsConnect(target: string): AcsConnect {
  const query = queryOf(target)
  return {
    agentHash: query.get('agentHash') ?? '',
    agentVersion: query.get('agentVersion') ?? '',
    clusterArn: query.get('clusterArn') ?? '',
    containerInstanceArn: required(query, 'containerInstanceArn'),
    dockerVersion: query.get('dockerVersion') ?? '',
    sendCredentials: query.get('sendCredentials') === 'true',
    ...identity(query, 'installationId'),
    ...identity(query, 'bootId'),
  }
}

export function parseTcsConnect(target: string): TcsConnect {
  const query = queryOf(target)
  return {
    agentHash: query.get('agentHash') ?? '',
    agentVersion: query.get('agentVersion') ?? '',
    cluster: query.get('cluster') ?? '',
    containerInstance: required(query, 'containerInstance'),
    dockerVersion: query.get('dockerVersion') ?? '',
  }
}

function socketUrl(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters)
  query.sort()
  const base = endpoint.endsWith('/') ? endpoint : `${endpoint}/`
  return `${base.replace(/^http/, 'ws')}ws?${query.toString()}`
}

function queryOf(target: string): URLSearchParams {
  const mark = target.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
}

const IDENTITY = /^[\w-]{1,64}$/

function identity<Name extends string>(
  query: URLSearchParams,
  name: Name,
): { readonly [N in Name]?: string } {
  const value = query.get(name)
  if (value === null) return {}
  if (!IDENTITY.test(value)) throw new WireError(`the query's ${name} is none`)
  return { [name]: value } as { readonly [N in Name]?: string }
}

function required(query: URLSearchParams, parameter: string): string {
  const value = query.get(parameter)
  if (!value) throw new WireError(`the query has no ${parameter}`)
  return value
}
