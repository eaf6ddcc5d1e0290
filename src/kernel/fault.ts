/**
 * A mistake of the caller, in AWS's own code and words. Operations throw it; the gateway answers with it.
 * The status is the HTTP status where the model does not state one. `members` are further members of the
 * error shape, such as `resourceIds` of ECS's ConflictException.
 */
export class Fault extends Error {
  override name = 'Fault'
  readonly code: string
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    message: string,
    status = 400,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.code = code
    this.status = status
    this.members = members
  }
}
