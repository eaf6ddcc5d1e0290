/**
 * How many connections an account has: at most half of what the other accounts leave, its machines' counted with it. Where there is
 * no more of that, whoever has more than it gives up the one that has been idle for longest. Strangers' reserve is nobody's.
 */
import { fairPart } from '#kernel/fair-part.ts'
import { Fault } from '#kernel/fault.ts'
import type { Principal } from '#kernel/principal.ts'

import type { GatewayLimits } from './limits.ts'

export type Connection = { readonly destroy: () => unknown }
type Seat = { readonly accountId: string; readonly hostId: string | undefined }
type Account = {
  readonly taken: Set<Connection>
  /** Those with no request in hand; the one that has been so for longest is the first. */
  readonly idle: Set<Connection>
  readonly ofHost: Map<string, number>
}
export type SeatLimits = Pick<
  GatewayLimits,
  'connections' | 'reservedConnections' | 'connectionsOfHost'
>

/** After it the connection is closed, or it would be one more all the same. */
export class TooManyConnections extends Fault {
  constructor(whose: 'account' | 'machine', max: number) {
    const words = `Too many connections: this ${whose} may have ${max} at a time.`
    super('ThrottlingException', words, 429)
  }
}

export class Seats {
  readonly #limits: SeatLimits
  readonly #accounts = new Map<string, Account>()
  readonly #seatOf = new WeakMap<object, Seat>()
  /** How many requests a connection has in hand. */
  readonly #inHand = new WeakMap<object, number>()
  #all = 0

  constructor(limits: SeatLimits) {
    this.#limits = limits
  }

  /** Whose last signed request the connection has brought. */
  accountOf(connection: object): string | undefined {
    return this.#seatOf.get(connection)?.accountId
  }

  /** The connection is the account's from its first signed request on; a Fault where the account has too many. */
  take(connection: Connection, principal: Principal): void {
    const { accountId } = principal
    const hostId = principal.type === 'host' ? principal.hostId : undefined
    const before = this.#seatOf.get(connection)
    if (before?.accountId === accountId && before.hostId === hostId) return
    // A proxy may send many keys' requests over one connection: it counts for the last of them.
    const account = this.#accounts.get(accountId) ?? newAccount()
    if (hostId !== undefined) this.#checkHost(account, hostId)
    if (before?.accountId !== accountId) this.#makeRoom(account)
    this.leave(connection)
    this.#accounts.set(accountId, account)
    this.#all++
    account.taken.add(connection)
    if (hostId !== undefined) account.ofHost.set(hostId, (account.ofHost.get(hostId) ?? 0) + 1)
    this.#seatOf.set(connection, { accountId, hostId })
  }

  leave(connection: object): void {
    const seat = this.#seatOf.get(connection)
    const account = seat && this.#accounts.get(seat.accountId)
    if (!account) return
    this.#seatOf.delete(connection)
    this.#all--
    account.taken.delete(connection as Connection)
    account.idle.delete(connection as Connection)
    if (account.taken.size === 0) this.#accounts.delete(seat.accountId)
    if (seat.hostId === undefined) return
    const left = (account.ofHost.get(seat.hostId) ?? 0) - 1
    if (left > 0) account.ofHost.set(seat.hostId, left)
    else account.ofHost.delete(seat.hostId)
  }

  /** It has a request in hand. An upgraded one has it to its end. */
  begin(connection: object): void {
    this.#inHand.set(connection, (this.#inHand.get(connection) ?? 0) + 1)
    this.#accountAt(connection)?.idle.delete(connection as Connection)
  }

  /** One of its requests is answered. */
  end(connection: object): void {
    const left = (this.#inHand.get(connection) ?? 1) - 1
    this.#inHand.set(connection, left)
    if (left === 0) this.#accountAt(connection)?.idle.add(connection as Connection)
  }

  #accountAt(connection: object): Account | undefined {
    const seat = this.#seatOf.get(connection)
    return seat && this.#accounts.get(seat.accountId)
  }

  #checkHost({ ofHost }: Account, hostId: string): void {
    const max = this.#limits.connectionsOfHost
    if ((ofHost.get(hostId) ?? 0) >= max) throw new TooManyConnections('machine', max)
  }

  #makeRoom({ taken }: Account): void {
    const { connections, reservedConnections } = this.#limits
    const max = fairPart(connections - reservedConnections, this.#all - taken.size)
    if (taken.size < max) return
    const idle = this.#longestIdle(taken.size + 1)
    if (!idle) throw new TooManyConnections('account', max)
    this.leave(idle)
    idle.destroy()
  }

  /** Of the account that has the most, and more than `own`. */
  #longestIdle(own: number): Connection | undefined {
    let most: Account | undefined
    for (const account of this.#accounts.values())
      if (account.idle.size > 0 && account.taken.size > Math.max(own, most?.taken.size ?? 0))
        most = account
    const [first] = most?.idle ?? []
    return first
  }
}

const newAccount = (): Account => ({ taken: new Set(), idle: new Set(), ofHost: new Map() })
