/**
 * What `./berth test` says of a test run while it goes on: a failure when it happens, nothing of what passes; and at the
 * end one line that `stages.ts` reads, with the counts and how long each room took.
 */
import { relative } from 'node:path'
import { inspect } from 'node:util'

type Data = {
  readonly name: string
  readonly nesting: number
  readonly file?: string
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly message?: string
  readonly details?: {
    readonly duration_ms: number
    readonly type?: string
    readonly error?: Error & { readonly failureType?: string; readonly cause?: unknown }
  }
}
type Event = { readonly type: string; readonly data: Data }

/** What the last line begins with. */
export const SUMMARY = '#summary '
export type Summary = {
  readonly passed: number
  readonly failed: number
  readonly notRun: readonly string[]
  /** Seconds by room, or by file of the tests that are in no room. */
  readonly seconds: Readonly<Record<string, number>>
}

// Node's runner takes a reporter by its default export.
// oxlint-disable-next-line import/no-default-export
export default async function* reporter(events: AsyncIterable<Event>): AsyncGenerator<string> {
  const seconds: Record<string, number> = {}
  const notRun: string[] = []
  let passed = 0
  let failed = 0
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && data.message?.includes('not run: '))
      notRun.push(data.message.trim())
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const room = roomOf(data.file)
    if (data.nesting === 0)
      seconds[room] = (seconds[room] ?? 0) + (data.details?.duration_ms ?? 0) / 1000
    if (data.details?.type === 'suite') continue
    // A test that is left out proves nothing: it has not passed.
    if (type === 'test:pass' && data.skip === undefined && data.todo === undefined) passed += 1
    else if (data.details?.error?.failureType !== 'subtestsFailed') {
      failed += 1
      yield failure(data)
    }
  }
  const summary: Summary = { passed, failed, notRun, seconds }
  yield `${SUMMARY}${JSON.stringify(summary)}\n`
}

function failure({ name, file, details, skip, todo }: Data): string {
  const where = file === undefined ? '' : ` (${relative(process.cwd(), file)})`
  const error = details?.error
  const why = skip !== undefined || todo !== undefined ? 'it was left out' : text(error)
  const after = ((details?.duration_ms ?? 0) / 1000).toFixed(1)
  return `✗ ${name}${where}, after ${after} s\n${why.replaceAll(/^/gm, '    ')}\n`
}

function text(error: (Error & { readonly cause?: unknown }) | undefined): string {
  const cause = error?.cause ?? error
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
}

/** `src/aws/ecs/x.test.ts` is ecs's, `src/agent/y.test.ts` agent's; elsewhere each file is one. */
export function roomOf(file: string | undefined): string {
  const path = file === undefined ? '' : relative(process.cwd(), file)
  const room = /^src\/(?:aws\/)?([^/]+)\//.exec(path)?.[1]
  return (
    room ??
    path
      .split('/')
      .at(-1)
      ?.replace(/\.test\.ts$/, '') ??
    ''
  )
}
