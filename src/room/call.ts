/** How a room asks another: by the contract's names, through the same checks and the same question as from outside. */
import type { Contract } from '#contract/contract.ts'
import type { Caller } from '#kernel/principal.ts'

/** As whom a room asks, and whose things it sees. */
export type As = Pick<Caller, 'principal' | 'region' | 'tenant'> & {
  /** For whose sake, as the conditions `aws:SourceArn` and `aws:SourceAccount` tell. */
  readonly sourceArn?: string
}

/** Inside the transaction of the caller: what it does stands or falls with it. Operations that wait cannot be called so. */
export type Call = <S extends keyof Contract, O extends keyof Contract[S] & string>(
  as: As,
  service: S,
  operation: O,
  input: InputOf<Contract[S][O]>,
) => OutputOf<Contract[S][O]>

/**
 * In a transaction of its own, after all that the caller saw is durable; resolves when its own outcome is. A caller that
 * may be ended in between asks again: where the operation has one, a client token in its input makes that harmless.
 */
export type CallLater = <S extends keyof Contract, O extends keyof Contract[S] & string>(
  as: As,
  service: S,
  operation: O,
  input: InputOf<Contract[S][O]>,
) => Promise<OutputOf<Contract[S][O]>>

type InputOf<T> = T extends { readonly input: infer Input } ? Input : never
type OutputOf<T> = T extends { readonly output: infer Output } ? Output : never
