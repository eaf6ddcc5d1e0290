/** Values that AWS's enums do not have: stored they would be read back, and mean nothing. */
import { clientException } from '../names/names.ts'

/** `where` says of which part of the task definition it is, such as `for container 'app'`. */
export function checkKnown(
  name: string,
  value: string | undefined,
  known: readonly string[],
  where = '',
): void {
  if (value !== undefined && !known.includes(value))
    throw clientException(
      `Invalid ${name} '${value}'${where && ` ${where}`}. Valid values: [${known.join(', ')}].`,
    )
}
