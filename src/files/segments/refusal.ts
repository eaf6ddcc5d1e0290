import { StorageFull, StorageUnavailable } from '../storage.ts'

/** An error on its way between threads, which errors do not cross as what they are. */
export type Refusal = { readonly message: string; readonly isFull: boolean }

/** What the disk says to whoever asked. Anything else that is thrown is a mistake of ours, and goes on its way. */
export function refusal(error: unknown): Refusal {
  const isRefusal = error instanceof StorageUnavailable
  if (isRefusal || (error instanceof Error && 'syscall' in error))
    return { message: error.message, isFull: error instanceof StorageFull }
  throw error
}

export const refused = ({ message, isFull }: Refusal): StorageUnavailable =>
  isFull ? new StorageFull() : new StorageUnavailable(message)
