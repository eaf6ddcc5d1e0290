import { WebSocket } from 'ws'

import type { Clock } from '#kernel/clock.ts'
import { gathering } from '#wire/gathering.ts'
import { REFUSAL_BYTES_MAX } from '#wire/limits.ts'
import { parseRefusal, type Refusal, refusalWords } from '#wire/refusal.ts'

import { connectionError } from './connection-error.ts'
import type { Connect, Connection, ConnectionEnd } from './outside.ts'
import { sign, type Credentials } from './sign.ts'

const HANDSHAKE_TIMEOUT_MS = 30_000
const GOODBYE_MS = 1_000

export type Dialer = {
  readonly region: string
  readonly credentials: Credentials
  readonly clock: Clock
}

/** Dials the control plane over WebSockets whose handshake is signed. */
export function signedSockets(dialer: Dialer): Connect {
  return (connection) => runSocket(dialer, connection)
}

function runSocket(
  { region, credentials, clock }: Dialer,
  { url, signal, frameBytesMax, opened: isOpen, heard }: Connection,
): Promise<ConnectionEnd> {
  if (signal.aborted) return Promise.resolve({ opened: false, code: 1001, reason: 'stopped' })
  const headers = sign({ method: 'GET', url, body: '' }, { region, credentials, now: clock.now() })
  const { host: _host, ...sent } = headers
  const socket = new WebSocket(url, {
    headers: sent,
    maxPayload: frameBytesMax,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    perMessageDeflate: false,
  })
  return new Promise((resolve) => {
    let opened = false
    let refusal: Refusal | undefined
    let reason = ''
    let cancelTermination: (() => void) | undefined
    const stop = () => {
      socket.close(1001, 'the agent stops')
      // The other side may be gone: its good-bye is not waited for long.
      cancelTermination = clock.after(GOODBYE_MS, () => socket.terminate())
    }
    signal.addEventListener('abort', stop, { once: true })
    let together = (send: () => void): void => send()
    socket.on('upgrade', ({ socket: stream }) => (together = gathering(stream)))
    socket.on('open', () => {
      opened = true
      isOpen({
        send: (frame) => {
          if (socket.readyState === WebSocket.OPEN) together(() => socket.send(frame))
        },
        close: (code, why) => socket.close(code, why),
      })
    })
    socket.on('message', (data, isBinary) => {
      if (!isBinary) heard(textOf(data))
    })
    socket.on('unexpected-response', (request, response) => {
      let body = ''
      reason = `refused with status ${response.statusCode ?? 0}`
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < REFUSAL_BYTES_MAX) body += chunk
      })
      response.on('close', () => {
        refusal = parseRefusal(body)
        const words = refusal ? `${refusal.type}: ${refusal.message}` : refusalWords(body)
        if (words !== undefined) reason = words
        request.destroy()
        end(1006)
      })
    })
    socket.on('error', (error) => {
      reason ||= connectionError(error, url).message
    })
    socket.on('close', (code, why) => {
      reason ||= why.toString()
      end(code)
    })

    function end(code: number): void {
      cancelTermination?.()
      signal.removeEventListener('abort', stop)
      resolve({ opened, code, reason, refusal })
    }
  })
}

function textOf(data: Buffer | ArrayBuffer | readonly Buffer[]): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8')
  return data instanceof ArrayBuffer
    ? Buffer.from(data).toString('utf8')
    : Buffer.concat(data).toString('utf8')
}
