import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { TCS_FRAME_BYTES_MAX } from '#wire/limits.ts'
import { formatTcs, joinSignedFrame, parseTcsDown, type TcsUp } from '#wire/tcs.ts'

import { Backoff } from '../backoff.ts'
import type { Connect, Socket } from '../outside.ts'
import { sign, type Credentials } from '../sign.ts'

const RECONNECT = { minMs: 1000, maxMs: 60_000, factor: 2, jitter: 0.2 }
const PUBLISH_MS = 20_000
const SILENCE_MS = 60_000

export type TcsOptions = {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly region: string
  readonly credentials: Credentials
  readonly connect: Connect
  readonly signal: AbortSignal
  readonly url: () => Promise<string>
  /** What there is to publish now. */
  readonly frames: () => Promise<readonly TcsUp[]>
}

/** Publishes telemetry and health every 20 seconds, for as long as there is a connection. */
export async function runTcs(options: TcsOptions): Promise<void> {
  const { clock, ids, log, signal } = options
  const backoff = new Backoff(RECONNECT, ids)
  while (!signal.aborted) {
    try {
      await converse(options, () => backoff.reset())
    } catch (error) {
      log.warn('cannot find TCS', { error: String(error) })
    }
    await clock.sleep(backoff.nextMs(), signal).catch(() => {})
  }
}

async function converse(options: TcsOptions, heardOne: () => void): Promise<void> {
  const { clock, connect, signal, log, ids } = options
  const url = await options.url()
  let cancelPublication: (() => void) | undefined
  let cancelSilence: (() => void) | undefined
  let current: Socket | undefined
  let over = false
  const end = await connect({
    url,
    signal,
    frameBytesMax: TCS_FRAME_BYTES_MAX,
    opened: (socket) => {
      silence(socket)
      void publish(socket)
    },
    heard: (text) => {
      try {
        if (!parseTcsDown(text)) return
      } catch (error) {
        log.warn('TCS message not understood', { error: String(error) })
        return
      }
      heardOne()
      cancelSilence?.()
      if (current) silence(current)
    },
  })
  over = true
  cancelPublication?.()
  cancelSilence?.()
  if (!signal.aborted) log.info('TCS connection ended', { code: end.code, reason: end.reason })
  return

  function silence(socket: Socket): void {
    current = socket
    const ms = SILENCE_MS * (1 + ids.random())
    cancelSilence = clock.after(ms, () => socket.close(1000, 'nothing heard'))
  }

  async function publish(socket: Socket): Promise<void> {
    try {
      for (const frame of await options.frames()) socket.send(signed(options, url, frame))
    } catch (error) {
      log.warn('cannot measure', { error: String(error) })
    }
    if (!over) cancelPublication = clock.after(PUBLISH_MS, () => void publish(socket))
  }
}

/** The signature covers the frame as if it were a GET of the socket's address with the JSON as its body. */
function signed(options: TcsOptions, url: string, frame: TcsUp): string {
  const { region, credentials, clock } = options
  const body = formatTcs(frame)
  const headers = sign({ method: 'GET', url, body }, { region, credentials, now: clock.now() })
  const token = headers['x-amz-security-token']
  return joinSignedFrame({
    headers: {
      Authorization: headers['authorization'] ?? '',
      Host: headers['host'] ?? '',
      'X-Amz-Date': headers['x-amz-date'] ?? '',
      ...(token ? { 'X-Amz-Security-Token': token } : {}),
    },
    body,
  })
}
