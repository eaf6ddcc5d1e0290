/**
 * `npm run long`: the proofs that take too long for every run of `./berth test`, one after the other, each with the
 * minutes that it usually takes. `npm run long NAME…` runs some of them. Ends with one line of counts.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

type Proof = {
  readonly name: string
  readonly minutes: number
  readonly command: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
}

const TESTS = ['--disable-warning=ExperimentalWarning', '--test', '--test-isolation=none']
const PROOFS: readonly Proof[] = [
  { name: 'simulation', minutes: 20, command: ['tools/sim.ts', '--seeds', '150', '--storms', '3'] },
  {
    name: 'failpoints',
    minutes: 7,
    command: [...TESTS, 'test/docker/failpoints.test.ts'],
    environment: { BERTH_TEST_FAILPOINTS: '1000' },
  },
  {
    name: 'crash loops',
    minutes: 15,
    command: [...TESTS, 'test/docker/services.test.ts'],
    environment: { BERTH_CRASH_LOOP_SECONDS: '600' },
  },
  { name: 'vm', minutes: 15, command: ['tools/vm.ts'] },
]

const { positionals } = parseArgs({ allowPositionals: true })
const unknown = positionals.find((name) => !PROOFS.some((proof) => proof.name === name))
if (unknown !== undefined) {
  console.error(
    `there is no proof '${unknown}': ${PROOFS.map(({ name }) => `'${name}'`).join(', ')}`,
  )
  process.exit(1)
}
const counts = { passed: 0, failed: 0 }
for (const { name, minutes, command, environment } of PROOFS) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const begin = Date.now()
  console.log(`… ${name} (usually ${minutes} min)`)
  const { status } = spawnSync(process.execPath, command, {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  })
  counts[status === 0 ? 'passed' : 'failed'] += 1
  const took = ((Date.now() - begin) / 60_000).toFixed(1)
  console.log(`${status === 0 ? '✓' : '✗'} ${name}: ${took} min`)
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0
