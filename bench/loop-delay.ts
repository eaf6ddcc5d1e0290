/**
 * Loaded into a server before it starts: on SIGUSR2 it writes how long its event loop was held at most since the last
 * time, in milliseconds, to the file that LOOP_DELAY_FILE names. In other processes it does nothing.
 */
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 1
const NANOSECONDS_PER_MS = 1e6

const file = process.env['LOOP_DELAY_FILE']
if (file !== undefined && process.argv.includes('server')) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  process.on('SIGUSR2', () => {
    const [longest, p99] = [delays.max, delays.percentile(99)].map((ns) => ns / NANOSECONDS_PER_MS)
    writeFileSync(file, JSON.stringify({ longest, p99 }))
    delays.reset()
  })
}
