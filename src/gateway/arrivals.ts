/**
 * Connections, as they arrive. One is a stranger's until it has brought a signed request; strangers have a part of all. Where there is
 * no room for the next one the stranger goes that has waited longest: to hold connections open takes nothing from others. Some are never
 * anybody's (`seats.ts`), so the next one is not the only stranger where accounts have all that they may.
 */
import type { Socket } from 'node:net'

import type { GatewayLimits } from './limits.ts'

export class Arrivals {
  readonly #limits: Pick<GatewayLimits, 'connections' | 'unknownConnections'>
  /** By where they come from: with TLS what arrives and what brings requests are two objects. The oldest is the first. */
  readonly #strangers = new Map<string, Socket>()
  #all = 0

  constructor(limits: Pick<GatewayLimits, 'connections' | 'unknownConnections'>) {
    this.#limits = limits
  }

  arrive(socket: Socket): void {
    // It has gone already.
    if (socket.remotePort === undefined) return void socket.destroy()
    const from = placeOf(socket)
    this.#all++
    this.#strangers.set(from, socket)
    socket.once('close', () => {
      this.#all--
      if (this.#strangers.get(from) === socket) this.#strangers.delete(from)
    })
    const { connections, unknownConnections } = this.#limits
    if (this.#strangers.size > unknownConnections || this.#all > connections) this.#letGo()
  }

  /** It has brought a signed request. */
  know(connection: object): void {
    this.#strangers.delete(placeOf(connection as Socket))
  }

  #letGo(): void {
    const [oldest] = this.#strangers
    if (!oldest) return
    this.#strangers.delete(oldest[0])
    oldest[1].destroy()
  }
}

function placeOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
