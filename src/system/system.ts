/** The only real time and chance of the agent. */
import { randomBytes, randomUUID } from 'node:crypto'

import type { Clock } from '#kernel/clock.ts'
import type { Ids } from '#kernel/ids.ts'
import type { Log, LogFields } from '#kernel/log.ts'

/** The longest that the runtime's timers can wait; longer waits are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer = setTimeout(next, Math.min(ms, TIMER_MS_MAX), ms)
    return () => clearTimeout(timer)

    function next(left: number): void {
      if (left <= TIMER_MS_MAX) run()
      else
        timer = setTimeout(next, Math.min(left - TIMER_MS_MAX, TIMER_MS_MAX), left - TIMER_MS_MAX)
    }
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const cancel = systemClock.after(ms, () => {
        signal?.removeEventListener('abort', aborted)
        resolve()
      })
      signal?.addEventListener('abort', aborted, { once: true })

      function aborted(): void {
        cancel()
        reject(signal?.reason as Error)
      }
    })
  },
}

export const systemIds: Ids = {
  hex: (digits) =>
    fresh(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  uuid: () => randomUUID(),
  random: () => fresh(4).readUInt32BE() / 2 ** 32,
}

/** Random bytes are fetched this many at a time: fetching costs more than most ids are long. */
const POOL_BYTES = 4096
let pool = Buffer.alloc(0)

/** Random bytes that nobody else is given. */
function fresh(bytes: number): Buffer {
  if (pool.length < bytes) pool = randomBytes(Math.max(bytes, POOL_BYTES))
  const given = pool.subarray(0, bytes)
  pool = pool.subarray(bytes)
  return given
}

/** One JSON line an event, to a stream such as standard error. */
export function streamLog(stream: { write(text: string): unknown }): Log {
  const write = (level: string) => (message: string, fields?: LogFields) =>
    stream.write(
      `${JSON.stringify({ time: new Date(Date.now()).toISOString(), level, message, ...fields })}\n`,
    )
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
