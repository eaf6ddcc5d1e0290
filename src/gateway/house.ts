/** What the gateway is given by the house around it: ports, keys, operations and who may call them. */
import type { AccessRequest, Authorize } from '#kernel/access.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { Caller, Credential } from '#kernel/principal.ts'

export type Built = {
  /** What must all be allowed for this input; may throw a Fault (a cluster that is not there). */
  access(input: object, caller: Caller, now: number): readonly AccessRequest[]
  /** Settles, with an answer or a refusal, when that may leave: when what it was computed from is durable. */
  run(input: object, caller: Caller, now: number): Promise<object>
  /** Resolves when all that was seen until now is durable. */
  settled(): Promise<void>
}

/** Something in a request that the pinned model does not know. It is let pass; operators may want to hear of it. */
export type Finding = {
  readonly kind: 'unknown member' | 'unknown enum value'
  readonly service: string
  readonly operation: string
  readonly path: string
}

export type House = {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** How this server is reached. */
  readonly scheme: 'http' | 'https'
  /** May throw a Fault, such as ExpiredTokenException. */
  credential(accessKeyId: string): Credential | undefined
  /** Undefined where the operation is not built: the caller hears 501 and its name. */
  operation(service: string, operation: string): Built | undefined
  readonly authorize: Authorize
  /** Throws a Fault where the caller has asked too much lately. */
  readonly throttle?: ((caller: Caller, service: string, operation: string) => void) | undefined
  /** Counts findings, if anybody wants them. */
  readonly found?: (finding: Finding) => void
  /** As whom the few operations run that AWS takes unsigned (AssumeRoleWithWebIdentity); without it they are refused. */
  readonly anonymous?: Omit<Credential, 'secretAccessKey'> & { readonly region: string }
}
