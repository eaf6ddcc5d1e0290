/** A load of signed requests over kept connections, as light as it can be: it shares two cores with what it measures. */
import { connect, type Socket } from 'node:net'

import { signedJson } from '#agent/sign.ts'

export type Target = {
  readonly port: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
}
export type Measured = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly answers: number
}

const REGION = 'us-east-1'

/** One request as bytes, signed now: the signature holds for five minutes, and SigV4 lets it be said again. */
export function request(target: Target, operation: string, input: object): Buffer {
  const endpoint = `http://127.0.0.1:${target.port}`
  const signer = { endpoint, region: REGION, credentials: target, now: Date.now() }
  const { headers, body } = signedJson(operation, input, signer)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `POST / HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\nconnection: keep-alive\r\n\r\n${body.toString()}`,
  )
}

/**
 * Sends `next()` on each of the connections again and again, one at a time, until `answers` have come. An answer that
 * is not 200 ends the bench: a rate of errors is no rate.
 */
export async function load(
  port: number,
  connections: number,
  answers: number,
  next: () => Buffer,
): Promise<Measured> {
  const times: number[] = []
  const begin = performance.now()
  let left = answers
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(port)
      while (left > 0) {
        left -= 1
        const at = performance.now()
        await connection.ask(next())
        times.push(performance.now() - at)
      }
      connection.close()
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  times.sort((one, other) => one - other)
  return {
    perSecond: times.length / seconds,
    p50Ms: times[Math.floor(times.length / 2)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    answers: times.length,
  }
}

/** One answer, as JSON. */
export async function ask<T>(target: Target, operation: string, input: object): Promise<T> {
  const connection = new Connection(target.port)
  const body = await connection.ask(request(target, operation, input))
  connection.close()
  return JSON.parse(body) as T
}

/** HTTP/1.1 as far as a bench needs it; a server that hangs up after each answer is dialled anew. */
class Connection {
  readonly #port: number
  #socket: Socket | undefined
  #got: Buffer[] = []
  #wanted = -1
  #bytes = 0
  #bodyAt = 0
  #settle: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined

  constructor(port: number) {
    this.#port = port
  }

  ask(bytes: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#got = []
      this.#bytes = 0
      this.#wanted = -1
      this.#socket ??= this.#dial()
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #dial(): Socket {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true)
    socket.on('data', (chunk) => this.#heard(chunk))
    socket.on('error', (error) => this.#settle?.reject(error))
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
    return socket
  }

  #heard(chunk: Buffer): void {
    this.#got.push(chunk)
    this.#bytes += chunk.length
    if (this.#wanted < 0) {
      const all = this.#got.length === 1 ? chunk : Buffer.concat(this.#got)
      const end = all.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = all.toString('latin1', 0, end)
      this.#bodyAt = end + 4
      this.#wanted = this.#bodyAt + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (!head.startsWith('HTTP/1.1 200')) this.#settle?.reject(new Error(all.toString()))
      if (/connection: close/i.test(head)) {
        this.#socket?.end()
        this.#socket = undefined
      }
    }
    if (this.#bytes < this.#wanted) return
    const all = this.#got.length === 1 ? chunk : Buffer.concat(this.#got)
    const { resolve } = this.#settle ?? {}
    this.#settle = undefined
    resolve?.(all.toString('utf8', this.#bodyAt))
  }
}
