/** Something that the user can set right: printed as one line, without a stack. */
export class UserError extends Error {
  override name = 'UserError'
}
