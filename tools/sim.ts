/**
 * `npm run sim -- --seeds N --from S --storms K --hours H`: lives many worlds, and says of the first that went wrong
 * how to live it again. Without `--hours` it ends after the seeds; with it, when the hours are over.
 */
import { parseArgs } from 'node:util'

import { tell } from '#sim/story.ts'

const TAIL_LINES = 60

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    storms: { type: 'string', default: '2' },
    hours: { type: 'string' },
    lines: { type: 'string', default: String(TAIL_LINES) },
    about: { type: 'string', multiple: true, default: [] },
  },
})

const begin = performance.now()
const from = Number(values.from)
const storms = Number(values.storms)
const endMs = values.hours === undefined ? undefined : Number(values.hours) * 3_600_000
const count = endMs === undefined ? Number(values.seeds) : Infinity
let virtualMs = 0
let told = 0
for (; told < count && performance.now() - begin < (endMs ?? Infinity); told++) {
  const seed = from + told
  const { world, failure, virtualMs: lived } = await tell({ seed, storms })
  virtualMs += lived
  if (!failure) continue
  console.log(world.trace.tail(Number(values.lines), values.about).join('\n'))
  console.log(`\nseed ${seed}: ${failure.check}: ${failure.message}`)
  console.log(`again: npm run sim -- --from ${seed} --seeds 1 --storms ${storms}`)
  process.exitCode = 1
  break
}
const seconds = (performance.now() - begin) / 1000
console.log(
  `${told} seeds in ${seconds.toFixed(1)} s: ${(told / seconds).toFixed(2)} seeds/s, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours`,
)
