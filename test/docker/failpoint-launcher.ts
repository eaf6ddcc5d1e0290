/**
 * Berth as it is, with ports that die by kill -9 at one named point. The real command line is imported once the ports'
 * classes are wrapped, so that the composition is the real one and the code under test has no switch for this.
 *
 * `BERTH_TEST_DIE_AT` names the point; `BERTH_TEST_POINTS` is the file to which each point is written when it is first
 * passed, and the one that kills with an exclamation mark.
 */
import { appendFileSync } from 'node:fs'

import { WebSocket } from 'ws'

import { DockerEngine } from '#agent/docker/docker.ts'
import { SignedCalls } from '#agent/signed-calls.ts'
import { StateFile } from '#agent/state/file.ts'
import { Gateway } from '#gateway/gateway.ts'
import type { LoggedChange } from '#store/log.ts'
import { SqliteLog } from '#store/sqlite-log.ts'

const dieAt = process.env['BERTH_TEST_DIE_AT']
const file = process.env['BERTH_TEST_POINTS'] ?? '/dev/null'
const passed = new Set<string>()

/** A named point. The one that is armed is the last that this process passes. */
function point(name: string): void {
  if (name === dieAt) {
    appendFileSync(file, `${name}!\n`)
    process.kill(process.pid, 'SIGKILL')
    // The signal is on its way; nothing more may happen before it arrives.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  if (passed.has(name)) return
  passed.add(name)
  appendFileSync(file, `${name}\n`)
}

const points = (names: readonly string[], when: string): void => {
  for (const name of names) point(name.replace(':', `.${when}:`))
}

/** What a commit does: each table that it changes, tasks by where they come to. */
function kinds(changes: string): readonly string[] {
  const all = (JSON.parse(changes) as LoggedChange[]).map((change) => {
    const [table, , kind] = change
    if (table !== 'ecs.tasks' || kind === 'delete') return `${table} ${kind}`
    const { lastStatus, desiredStatus } = change[3] as Partial<Record<string, string>>
    return `${table} ${kind} ${lastStatus ?? ''} ${desiredStatus ?? ''}`.trim()
  })
  return [...new Set(all)]
}

function wrapLog(): void {
  const waiting: { readonly revision: number; readonly names: readonly string[] }[] = []
  wrap(SqliteLog, 'append', (append, revision: number, changes: string) => {
    const names = kinds(changes)
    points(
      names.map((name) => `store.append:${name}`),
      'before',
    )
    append(revision, changes)
    waiting.push({ revision, names: names.map((name) => `store.durable:${name}`) })
    points(
      names.map((name) => `store.append:${name}`),
      'after',
    )
  })
  wrap(SqliteLog, 'listen', (listen, durable: (revision: number) => void, failed: unknown) =>
    listen((revision: number) => {
      const count = waiting.findLastIndex((one) => one.revision <= revision) + 1
      const names = waiting.splice(0, count).flatMap((one) => one.names)
      points(names, 'before')
      durable(revision)
      points(names, 'after')
    }, failed),
  )
}

function wrapAnswers(): void {
  wrap(Gateway, 'answer', async (answer, raw: { readonly headers: readonly string[][] }) => {
    const target = raw.headers.find(([name]) => name?.toLowerCase() === 'x-amz-target')?.[1]
    const names = [`answer:${target?.split('.').at(-1) ?? 'other'}`]
    points(names, 'before')
    const answered: unknown = await answer(raw)
    points(names, 'ready')
    // By then the answer is with the kernel.
    setImmediate(() => points(names, 'after'))
    return answered
  })
}

const TYPE = /"type":"(\w+)"/

function wrapFrames(): void {
  wrap(WebSocket, 'send', (send, data: unknown, ...rest: unknown[]) => {
    const names = [`frame.send:${TYPE.exec(String(data))?.[1] ?? 'other'}`]
    points(names, 'before')
    send(data, ...rest)
    points(names, 'after')
  })
  wrap(WebSocket, 'emit', (emit, event: unknown, ...rest: unknown[]) => {
    if (event !== 'message') return emit(event, ...rest)
    const names = [`frame.hear:${TYPE.exec(String(rest[0]))?.[1] ?? 'other'}`]
    points(names, 'before')
    const heard = emit(event, ...rest)
    points(names, 'after')
    return heard
  })
}

const ACTS = [
  'info',
  'pull',
  'image',
  'create',
  'start',
  'stop',
  'remove',
  'inspect',
  'list',
  'createVolume',
  'removeVolume',
  'stats',
]

function wrapAgent(): void {
  const around = (type: Type, method: string, nameOf: (...given: unknown[]) => string): void =>
    wrap(type, method, async (before, ...given: unknown[]) => {
      const names = [nameOf(...given)]
      points(names, 'before')
      const result: unknown = await before(...given)
      points(names, 'after')
      return result
    })
  for (const name of ACTS) around(DockerEngine, name, () => `engine:${name}`)
  around(StateFile, 'load', () => 'state:load')
  around(StateFile, 'save', () => 'state:save')
  around(SignedCalls, 'call', (operation, input) => {
    const { status } = input as { status?: string }
    return `call:${String(operation)}${status ? ` ${status}` : ''}`
  })
}

type Type = { readonly prototype: object }
// A method is called as it was, with whatever it was given.
// oxlint-disable-next-line typescript/no-explicit-any
type Method = (...given: any[]) => unknown

/** Puts `instead` in a method's place; it is handed what was there before. */
function wrap(
  type: Type,
  name: string,
  // oxlint-disable-next-line typescript/no-explicit-any
  instead: (before: Method, ...given: any[]) => unknown,
): void {
  const prototype = type.prototype as Record<string, Method>
  const before = prototype[name]
  if (!before) throw new Error(`there is no ${name} to wrap`)
  prototype[name] = function (this: unknown, ...given: unknown[]) {
    return instead((...passed: unknown[]) => before.apply(this, passed), ...given)
  }
}

wrapLog()
wrapAnswers()
wrapFrames()
wrapAgent()
await import('../../src/berth.ts')
