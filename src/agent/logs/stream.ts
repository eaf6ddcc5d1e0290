import { CallFault } from '../control-plane.ts'
import type { Calls } from '../outside.ts'
import type { Event } from './events.ts'

type Rejected = {
  readonly rejectedLogEventsInfo?: {
    readonly tooNewLogEventStartIndex?: number
    readonly tooOldLogEventEndIndex?: number
    readonly expiredLogEventEndIndex?: number
  }
}

/** One log stream of the control plane, as a host writes to it. */
export class LogStream {
  readonly names: { readonly logGroupName: string; readonly logStreamName: string }
  readonly #createGroup: boolean
  readonly #calls: Calls

  constructor(
    names: { readonly logGroupName: string; readonly logStreamName: string },
    createGroup: boolean,
    calls: Calls,
  ) {
    this.names = names
    this.#createGroup = createGroup
    this.#calls = calls
  }

  /** Makes it, and its group where that was asked for; one that is there is a success. */
  async create(): Promise<void> {
    const { logGroupName } = this.names
    try {
      await this.#make('CreateLogStream', this.names)
    } catch (error) {
      if (!isNotFound(error) || !this.#createGroup) throw error
      await this.#make('CreateLogGroup', { logGroupName })
      await this.#make('CreateLogStream', this.names)
    }
  }

  /** Resolves with how many were not taken, once the others are durable. Somebody may have deleted the stream. */
  async put(events: readonly Event[]): Promise<number> {
    const input = { ...this.names, logEvents: events }
    const put = () => this.#calls.call('PutLogEvents', input) as Promise<Rejected>
    const { rejectedLogEventsInfo: rejected } = await put().catch(async (error: unknown) => {
      if (!isNotFound(error)) throw error
      await this.create()
      return put()
    })
    if (!rejected) return 0
    const { tooOldLogEventEndIndex = 0, expiredLogEventEndIndex = 0 } = rejected
    const { tooNewLogEventStartIndex = events.length } = rejected
    const old = Math.max(tooOldLogEventEndIndex, expiredLogEventEndIndex)
    return old + events.length - tooNewLogEventStartIndex
  }

  async #make(operation: string, input: object): Promise<void> {
    try {
      await this.#calls.call(operation, input)
    } catch (error) {
      if (error instanceof CallFault && error.code === 'ResourceAlreadyExistsException') return
      throw error
    }
  }
}

const isNotFound = (error: unknown): boolean =>
  error instanceof CallFault && error.code === 'ResourceNotFoundException'
