import { fault } from './names.ts'
import type { LogGroup } from './records.ts'

/** A protected group loses nothing, neither itself nor a stream, until its protection is taken away. */
export function checkUnprotected(group: LogGroup): void {
  if (group.deletionProtectionEnabled)
    throw fault(
      'ValidationException',
      'The specified log group has deletion protection enabled and cannot be deleted.',
    )
}
