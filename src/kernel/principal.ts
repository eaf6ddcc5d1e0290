/** Who asks. Authentication finds it; authorization and operations read it. */
export type Principal =
  | { readonly type: 'root'; readonly accountId: string }
  /** A machine: its key is good for agent-facing operations on its own container instance only. */
  | {
      readonly type: 'host'
      readonly accountId: string
      readonly hostId: string
      /** Empty until the host has registered once. */
      readonly containerInstanceArn?: string | undefined
    }
  /** Another part of Berth acting for an account, as AWS's service-linked roles do. */
  | { readonly type: 'service'; readonly accountId: string; readonly service: string }

/** The principal's ARN, as error texts and event records name it. */
export function principalArn(principal: Principal): string {
  switch (principal.type) {
    case 'root':
      return `arn:aws:iam::${principal.accountId}:root`
    case 'host':
      return `arn:aws:iam::${principal.accountId}:host/${principal.hostId}`
    case 'service':
      return `arn:aws:iam::${principal.accountId}:role/aws-service-role/${principal.service}`
  }
}

/** The caller of one request: who, where, and which key of the tenant's records. */
export type Caller = {
  readonly principal: Principal
  readonly accountId: string
  readonly region: string
  /**
   * Which set of records the caller sees: the account id, with `~n` after the account's n-th reset.
   * All record keys start with it, so an account is emptied by changing this one word.
   */
  readonly tenant: string
  readonly requestId: string
  /** How the caller reached this server, such as `http://127.0.0.1:8080`: what an agent is told to come back to. */
  readonly endpoint: string
}

/** What an access key is good for. */
export type Credential = {
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly principal: Principal
  /** See `Caller.tenant`. */
  readonly tenant: string
}
