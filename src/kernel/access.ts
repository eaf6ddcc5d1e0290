import type { Caller } from './principal.ts'

/** What a request needs to be allowed: the question that every call asks before it acts. */
export type AccessRequest = {
  /** IAM's action, such as `ecs:RunTask`. */
  readonly action: string
  /** The ARNs that the action touches; `*` where AWS defines no resource for it. */
  readonly resources: readonly string[]
  /** Values of condition keys, such as `ecs:cluster`. */
  readonly conditions: Readonly<Record<string, string | readonly string[]>>
}

/** Whether the caller may; a refusal carries AWS's text. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string }

export type Authorize = (caller: Caller, request: AccessRequest) => Verdict
