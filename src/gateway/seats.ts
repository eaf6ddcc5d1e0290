/** How many connections a key has: no one of them may keep the others out. */
import { Fault } from '#kernel/fault.ts'
import type { Principal } from '#kernel/principal.ts'

import type { GatewayLimits } from './limits.ts'

type Holder = { readonly principal: Principal; readonly accessKeyId: string }

/** After it the connection is closed, or it would be one more all the same. */
export class TooManyConnections extends Fault {
  constructor(max: number) {
    const words = `Too many connections: this access key may have ${max} at a time.`
    super('ThrottlingException', words, 429)
  }
}

export class Seats {
  readonly #limits: GatewayLimits
  readonly #taken = new Map<string, Set<object>>()
  readonly #nameOf = new WeakMap<object, string>()

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  /** The connection is the key's from its first signed request on; a Fault where the key has too many. */
  take(connection: object, { principal, accessKeyId }: Holder): void {
    const name =
      principal.type === 'host' ? `${principal.accountId}/${principal.hostId}` : accessKeyId
    if (this.#nameOf.get(connection) === name) return
    const { connectionsOfHost, connectionsOfKey } = this.#limits
    const max = principal.type === 'host' ? connectionsOfHost : connectionsOfKey
    const taken = this.#taken.get(name) ?? new Set()
    if (taken.size >= max) throw new TooManyConnections(max)
    // A proxy may send many keys' requests over one connection: it counts for the last of them.
    this.leave(connection)
    this.#taken.set(name, taken.add(connection))
    this.#nameOf.set(connection, name)
  }

  leave(connection: object): void {
    const name = this.#nameOf.get(connection)
    if (name === undefined) return
    this.#nameOf.delete(connection)
    const taken = this.#taken.get(name)
    taken?.delete(connection)
    if (taken?.size === 0) this.#taken.delete(name)
  }
}
