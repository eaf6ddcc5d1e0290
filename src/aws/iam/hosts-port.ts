/** What IAM asks of the room whose hosts have machine keys. */
import type { Read, Write } from '#store/store.ts'

export type Hosts = {
  /** The container instance that a host's keys are good for; none until it has registered once. */
  readonly containerInstanceOf: (tx: Read, accountId: string, hostId: string) => string | undefined
  /** Closes what is open with the host's keys. */
  readonly endConnections: (tx: Write, accountId: string, hostId: string, now: number) => void
}
