/** Everything that a request may use up, by name. AWS's own number where AWS states one. */
import { SERVICES } from './services.ts'

const KiB = 1024
const MiB = 1024 * KiB

export type GatewayLimits = {
  /** Bytes of a body, where its service's facts say nothing else. */
  readonly bodyBytes: number
  /** Bytes of a body by the signature's service name. */
  readonly bodyBytesOf: Readonly<Record<string, number>>
  /** Bytes of all bodies together that are here and not answered, small ones aside: each of those always has its place. */
  readonly bodiesBytes: number
  /** The part of them that those together may have whose connection has brought no request signed by the account that they name. */
  readonly claimedBodiesBytes: number
  /** And the part of all others together. One alone may have half of a part: the largest body of any service. */
  readonly provenBodiesBytes: number
  /** The part of them that those together may have whose key nobody knows. */
  readonly unknownBodiesBytes: number
  readonly smallBodyBytes: number
  /** Bytes of all answers together that are not read yet, small ones aside, and the part that one key and strangers may have. */
  readonly answersBytes: number
  readonly answersBytesOfKey: number
  readonly unknownAnswersBytes: number
  /** Bytes of a form that is not signed: what it is for must be read from it before anybody can be asked. */
  readonly unsignedFormBytes: number
  /** Bytes that a compressed body may grow to. */
  readonly inflatedBytes: number
  /** Bytes of a refused body that are still read, so that its sender gets to see the refusal. */
  readonly lingerBytes: number
  /** Bytes of the request line and all headers together; Node refuses more with 431. */
  readonly headerBytes: number
  readonly headers: number
  /** Characters of the path with its query: presigned requests carry a session token there. */
  readonly targetChars: number
  /** Parameters of a Query request or of a URL. */
  readonly parameters: number
  /** Values of all lists, maps and structures of a body together. */
  readonly values: number
  /** Levels of lists, maps and structures in a body. */
  readonly depth: number
  /** Requests that are read and wait for their turn; a key may have half of what the others leave. */
  readonly waiting: number
  readonly connections: number
  /** Of these, how many may be of those that have not brought a signed request yet. */
  readonly unknownConnections: number
  /** How many are kept for them: no accounts together may have all. */
  readonly reservedConnections: number
  /** How many may be of one machine's key. */
  readonly connectionsOfHost: number
  /** How often the limits of time are looked at. */
  readonly checkMs: number
  readonly headersMs: number
  readonly requestMs: number
  readonly idleMs: number
  /** How long an answer may make no way to its reader; Node looks twice before it says so. */
  readonly answerMs: number
}

export const GATEWAY_LIMITS: GatewayLimits = {
  bodyBytes: MiB,
  bodyBytesOf: Object.fromEntries(
    SERVICES.flatMap(({ signingName, bodyBytes }) =>
      bodyBytes === undefined ? [] : [[signingName, bodyBytes]],
    ),
  ),
  bodiesBytes: 256 * MiB,
  claimedBodiesBytes: 136 * MiB,
  provenBodiesBytes: 192 * MiB,
  unknownBodiesBytes: 64 * MiB,
  smallBodyBytes: 16 * KiB,
  answersBytes: 256 * MiB,
  answersBytesOfKey: 128 * MiB,
  unknownAnswersBytes: 16 * MiB,
  // AssumeRoleWithSAML's assertion has 100,000 characters at most; form encoding makes some of them three.
  unsignedFormBytes: 256 * KiB,
  inflatedBytes: 10 * MiB,
  lingerBytes: 16 * MiB,
  headerBytes: 32 * KiB,
  headers: 200,
  targetChars: 16 * KiB,
  parameters: 20_000,
  // PutMetricData takes 1000 data of 150 values and as many counts.
  values: 400_000,
  depth: 100,
  waiting: 8000,
  connections: 10_000,
  unknownConnections: 7500,
  reservedConnections: 256,
  connectionsOfHost: 100,
  checkMs: 1000,
  headersMs: 20_000,
  requestMs: 60_000,
  idleMs: 75_000,
  answerMs: 20_000,
}
