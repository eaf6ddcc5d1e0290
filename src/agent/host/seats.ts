import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'

import { keepNewest } from '#kernel/newest.ts'

const SEATS_MAX = 1000
const KNOWN_MAX = 10_000
/** A container has an address of its own, unless it has the host's: it cannot take the seats of all others. */
export const SEATS_PER_PEER_MAX = 100

/**
 * Who is connected. When there is no seat left, whoever has waited longest without a question goes: to hold connections
 * open takes nothing from those who ask.
 */
export class Seats {
  /** The one that was heard of last is the last. */
  readonly #all = new Set<Socket>()
  readonly #ofPeers = new Map<string, Set<Socket>>()
  readonly #peers = new Map<Socket, string>()
  readonly #answered = new Set<Socket>()
  readonly #isHosts: (address: string) => boolean
  /** To ask for the host's addresses takes its time, which nobody shall take by connecting often. */
  readonly #known = new Map<string, boolean>()

  constructor(server: Server, isHosts = isOfThisHost) {
    this.#isHosts = isHosts
    server.on('connection', (socket) => this.#seat(socket))
  }

  /** Its question is read whole: until it is answered nobody takes its seat. */
  async whileAnswered<T>(socket: Socket, work: () => Promise<T>): Promise<T> {
    this.#answered.add(socket)
    try {
      return await work()
    } finally {
      this.#answered.delete(socket)
      for (const seats of [this.#all, this.#mates(socket)])
        if (seats?.delete(socket)) seats.add(socket)
    }
  }

  #seat(socket: Socket): void {
    const peer = this.#peerOf(socket.remoteAddress ?? '')
    const mates = this.#ofPeers.get(peer) ?? new Set()
    const isRoom = this.#makeRoom(mates, SEATS_PER_PEER_MAX) && this.#makeRoom(this.#all, SEATS_MAX)
    if (!isRoom) {
      socket.destroy()
      return
    }
    this.#ofPeers.set(peer, mates.add(socket))
    this.#peers.set(socket, peer)
    this.#all.add(socket)
    socket.once('close', () => this.#leave(socket))
  }

  /** A host has many addresses, `127.0.0.1` to `127.255.255.254` among them, and is one. */
  #peerOf(address: string): string {
    const isHosts = this.#known.get(address) ?? this.#isHosts(address)
    this.#known.set(address, isHosts)
    keepNewest(this.#known, KNOWN_MAX)
    return isHosts ? 'host' : address
  }

  #makeRoom(seats: ReadonlySet<Socket>, most: number): boolean {
    if (seats.size < most) return true
    for (const socket of seats)
      if (!this.#answered.has(socket)) {
        socket.destroy()
        this.#leave(socket)
        return true
      }
    return false
  }

  #leave(socket: Socket): void {
    const mates = this.#mates(socket)
    mates?.delete(socket)
    if (mates?.size === 0) this.#ofPeers.delete(this.#peers.get(socket) ?? '')
    this.#peers.delete(socket)
    this.#all.delete(socket)
  }

  #mates(socket: Socket): Set<Socket> | undefined {
    return this.#ofPeers.get(this.#peers.get(socket) ?? '')
  }
}

/** Whether a process without a network of its own could speak from there. */
function isOfThisHost(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  if (plain.startsWith('127.') || plain === '::1') return true
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  return own.some((one) => one.address === plain)
}
