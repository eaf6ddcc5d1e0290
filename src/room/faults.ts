/** Faults whose codes the service's model has: a mistyped one is a type error. */
import { Fault } from '#kernel/fault.ts'

/** What AWS answers with in every service, whatever its model says. */
type Common =
  | 'AccessDenied'
  | 'AccessDeniedException'
  | 'NotImplemented'
  | 'SerializationException'
  | 'Throttling'
  | 'ThrottlingException'
  | 'ValidationException'

/**
 * How a room makes its Faults, of the contract's operations: `fault('ClientException', …)` with a code that some
 * operation has, `fault<'RunTask'>('ConflictException', …)` with one of that operation's.
 */
export const faultsOf =
  <Operations extends Readonly<Record<keyof Operations, { readonly faults: string }>>>() =>
  // The caller says it: a code is held to it.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  <Name extends keyof Operations = keyof Operations>(
    code: Operations[Name]['faults'] | Common,
    message: string,
    status?: number,
    members?: Fault['members'],
  ): Fault =>
    new Fault(code, message, status, members)
