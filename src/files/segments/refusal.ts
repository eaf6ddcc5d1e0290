import { StorageUnavailable } from '../storage.ts'

/** What the disk says to whoever asked. Anything else that is thrown is a mistake of ours, and goes on its way. */
export function refusal(error: unknown): string {
  if (error instanceof StorageUnavailable) return error.message
  if (error instanceof Error && 'syscall' in error) return error.message
  throw error
}
