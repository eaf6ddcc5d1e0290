/** Runs the commands of a stage, and hands on what a test run says while it says it. */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { type Summary, SUMMARY } from './reporter.ts'

export type Result = {
  readonly passed: number
  readonly failed: number
  readonly notRun?: readonly string[]
  readonly seconds?: Readonly<Record<string, number>>
}

const MINUTE_MS = 60_000
/** A test that says no limit of its own ends here, on a quick machine. */
const TEST_LIMIT_MS = 5 * MINUTE_MS

/** One command that is right when it exits with 0; what it says is shown when it does not. */
export async function check(command: string, args: readonly string[]): Promise<Result> {
  const lines: string[] = []
  const code = await execute(command, args, (line) => void lines.push(line))
  if (code !== 0) console.log(lines.join('\n'))
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
}

/** Files one after the other: those of a lane share one engine. */
export async function tests(files: readonly string[], patience: number): Promise<Result> {
  let summary: Summary | undefined
  const code = await execute(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--test',
      '--test-isolation=none',
      // A timer that a test left would be waited for, however long it is.
      '--test-force-exit',
      '--test-reporter=./tools/testing/reporter.ts',
      '--test-reporter-destination=stdout',
      `--test-timeout=${Math.ceil(TEST_LIMIT_MS * patience)}`,
      ...files,
    ],
    (line) => {
      if (line.startsWith(SUMMARY)) summary = JSON.parse(line.slice(SUMMARY.length)) as Summary
      else console.log(line)
    },
  )
  if (!summary || summary.passed + summary.failed === 0) {
    console.log(`✗ no test ran, or the run was cut (exit code ${code})`)
    return { passed: 0, failed: 1 }
  }
  // A run that fails without a failed test has failed all the same.
  const failed = code !== 0 && summary.failed === 0 ? 1 : summary.failed
  return { ...summary, failed }
}

export const filesOf = (...patterns: readonly string[]): string[] =>
  patterns.flatMap((pattern) => globSync(pattern)).sort()

function execute(
  command: string,
  args: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    child.on('error', fail)
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', say)
    child.on('close', (code) => done(code ?? 1))
  })
}
