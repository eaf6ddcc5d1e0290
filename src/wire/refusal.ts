/** How the control plane refuses a socket: an HTTP error whose body names one of these. */
export const REFUSALS = [
  'ServerException',
  'BadRequestException',
  'InvalidClusterException',
  'InvalidInstanceException',
  'AccessDeniedException',
  /** Berth's own: another agent is connected with this key, and alive. */
  'ConflictException',
  /**
   * For deregistered container instances only: Amazon's agent then waits an hour, Berth's forgets its ARN and
   * registers anew.
   */
  'InactiveInstanceException',
] as const

export type RefusalType = (typeof REFUSALS)[number]
export type Refusal = { readonly type: RefusalType; readonly message: string }

/** The body of the refusal, in the form that Amazon's agent reads. */
export function formatRefusal({ type, message }: Refusal): string {
  return JSON.stringify({ [type]: message })
}

/** Both forms are read: `{"<Type>":"text"}` and `{"type":…,"message":…}`. `undefined` when it is neither. */
export function parseRefusal(body: string): Refusal | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const members = value as Readonly<Record<string, unknown>>
  for (const type of REFUSALS) {
    if (Object.hasOwn(members, type)) return { type, message: textOf(members[type]) }
    if (members['type'] === type) return { type, message: textOf(members['message']) }
  }
  return undefined
}

/** The words of an answer that refuses in AWS's JSON, such as of a key that is none; `undefined` when it is none. */
export function refusalWords(body: string): string | undefined {
  try {
    const { __type: type, message } = JSON.parse(body) as { __type?: unknown; message?: unknown }
    return typeof message === 'string' ? [type, message].filter(Boolean).join(': ') : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
