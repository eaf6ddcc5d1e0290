import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import type { LogFields } from '#kernel/log.ts'
import { systemClock, systemIds } from '#system/system.ts'

import { CallFault } from '../control-plane.ts'
import type { Calls } from '../outside.ts'
import { Slots } from '../slots.ts'
import { Follower } from './follower.ts'
import { readOptions } from './options.ts'
import { FileSpool } from './spool.ts'
import { LogStream } from './stream.ts'

const NAMES = { logGroupName: 'g', logStreamName: 's' }
type Put = { readonly logEvents: readonly { readonly message: string }[] }

/** A control plane that keeps what it takes, and says what it is told to say. */
class Kept implements Calls {
  readonly lines: string[] = []
  readonly made: string[] = []
  answer: (operation: string) => object = () => ({})
  #waiting: (() => void)[] = []

  call(operation: string, input: object): Promise<unknown> {
    try {
      const answer = this.answer(operation)
      if (operation === 'PutLogEvents')
        this.lines.push(...(input as Put).logEvents.map(({ message }) => message))
      else this.made.push(operation)
      return Promise.resolve(answer)
    } catch (error) {
      return Promise.reject(error)
    } finally {
      for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /** Looks after every call. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((done) => this.#waiting.push(done))
  }
}

/** Says what was read, in the moment when it is. */
class HeardSpool extends FileSpool {
  heard: (bytes: Buffer, bytesMax: number) => unknown = () => undefined

  override async read(path: string, from: number, bytesMax: number): Promise<Buffer> {
    const bytes = await super.read(path, from, bytesMax)
    this.heard(bytes, bytesMax)
    return bytes
  }
}

class Container {
  readonly path: string
  readonly kept = new Kept()
  readonly said: (LogFields | undefined)[] = []
  readonly #root = mkdtempSync(join(tmpdir(), 'berth-follow-'))
  readonly spool = new HeardSpool(join(this.#root, 'sent'))
  /** By how much its clock is before the system's. */
  aheadMs = 0
  #follower: Follower | undefined

  constructor(context: TestContext) {
    this.path = join(this.#root, 'output')
    writeFileSync(this.path, '')
    context.after(async () => {
      this.#follower?.stop()
      await this.#follower?.ended
      rmSync(this.#root, { recursive: true })
    })
  }

  write(lines: readonly string[]): void {
    const time = new Date(systemClock.now()).toISOString()
    const record = (line: string) =>
      `${JSON.stringify({ log: `${line}\n`, stream: 'stdout', time })}\n`
    appendFileSync(this.path, lines.map(record).join(''))
  }

  follow(config: Record<string, string> = {}): Follower {
    this.#follower?.stop()
    const { place, log } = {
      place: { region: 'r', endpoint: 'http://x' },
      log: {
        info: () => undefined,
        warn: (_message: string, fields?: LogFields) => void this.said.push(fields),
        error: () => undefined,
      },
    }
    const options = readOptions({ 'awslogs-group': 'g', ...config }, place)
    return (this.#follower = new Follower({
      containerId: 'c',
      path: this.path,
      options,
      stream: new LogStream(NAMES, options.createGroup, this.kept),
      spool: this.spool,
      passes: new Slots(1),
      clock: { ...systemClock, now: () => systemClock.now() + this.aheadMs },
      ids: systemIds,
      log,
    }))
  }
}

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `line ${from + n}`)

test('blocking: what cannot be sent is sent later, and the next life goes on from there', async (context) => {
  const container = new Container(context)
  const { kept } = container
  let refusals = 3
  kept.answer = () => {
    if (refusals-- > 0) throw new CallFault('ServiceUnavailableException', 'not now', 503)
    return {}
  }
  container.write(numbered(5000))
  const first = container.follow({ mode: 'blocking' })
  await kept.until(() => kept.lines.length >= 5000)
  first.over(true)
  await first.ended
  container.write(numbered(10, 5000))
  container.follow({ mode: 'blocking' })
  await kept.until(() => kept.lines.includes('line 5009'))
  assert.deepEqual(kept.lines, numbered(5010))
})

test('non-blocking: what does not fit waits for nobody, and is counted', async (context) => {
  const container = new Container(context)
  const { kept, said } = container
  container.write(numbered(2000))
  container.follow({ 'max-buffer-size': '20k' })
  await kept.until(() => kept.lines.includes('line 1999'))
  assert.ok(kept.lines.length > 100 && kept.lines.length < 2000)
  assert.deepEqual(kept.lines, numbered(kept.lines.length, 2000 - kept.lines.length))
  assert.deepEqual(said, [
    {
      containerId: 'c',
      ...NAMES,
      events: 2000 - kept.lines.length,
      why: 'more waited than max-buffer-size',
    },
  ])
})

test('what was sent takes no room on the disk, and nothing of it is sent again', async (context) => {
  const container = new Container(context)
  const { kept } = container
  const line = 'x'.repeat(1000)
  const COUNT = 20_000
  container.write(Array.from({ length: COUNT }, () => line))
  const before = statSync(container.path)
  const first = container.follow({ mode: 'blocking' })
  await kept.until(() => kept.lines.length >= COUNT)
  first.over(true)
  await first.ended
  const after = statSync(container.path)
  assert.equal(after.size, before.size, 'no place in the file has moved')
  assert.ok(after.blocks < before.blocks / 2, `${after.blocks} of ${before.blocks} blocks are left`)
  container.follow({ mode: 'blocking' })
  container.write(['after'])
  await kept.until(() => kept.lines.includes('after'))
  assert.equal(kept.lines.length, COUNT + 1)
})

test('a stream that was deleted is made again; events that the group does not take are counted', async (context) => {
  const container = new Container(context)
  const { kept, said } = container
  const missing = new Set(['PutLogEvents', 'CreateLogStream'])
  kept.answer = (operation) => {
    if (operation === 'CreateLogGroup') missing.clear()
    if (missing.has(operation)) throw new CallFault('ResourceNotFoundException', 'gone', 400)
    return operation === 'PutLogEvents'
      ? { rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 3 } }
      : {}
  }
  container.write(numbered(5))
  const follower = container.follow({ 'awslogs-create-group': 'true' })
  follower.over(true)
  await follower.ended
  assert.deepEqual(kept.made, ['CreateLogGroup', 'CreateLogStream'])
  const lost = said.find((fields) => fields?.['events'] !== undefined)
  assert.equal(lost?.['events'], 3)
})

test('an event that lines are added to without end leaves when it is old enough', async (context) => {
  const container = new Container(context)
  const { kept, spool } = container
  const next = (line: string, laterMs: number) => () => {
    container.aheadMs += laterMs
    container.write([line])
  }
  const steps = [next('two', 0), next('three', 4_000), next('too late', 4_000)]
  // Each line is there when the one before it has been read.
  spool.heard = (bytes) => bytes.length > 0 && steps.shift()?.()
  container.write(['one'])
  container.follow({ 'awslogs-multiline-pattern': '^never' })
  await kept.until(() => kept.lines.length > 0)
  assert.equal(kept.lines[0], 'one\ntwo\nthree\n')
})

test('a large expression looks at less in a row', async (context) => {
  const container = new Container(context)
  const { spool, kept } = container
  const most: number[] = []
  spool.heard = (_bytes, bytesMax) => void most.push(bytesMax)
  container.write(['one', 'end'])
  container.follow({ 'awslogs-multiline-pattern': '[a-z]{0,450}' })
  await kept.until(() => kept.lines.length > 0)
  assert.ok(most.every((bytes) => bytes < 4096))
})

test('a log that nobody will ever take does not keep its container', async (context) => {
  const container = new Container(context)
  const { kept } = container
  const calls: string[] = []
  kept.answer = (operation) => {
    calls.push(operation)
    throw new CallFault('ResourceNotFoundException', 'gone', 400)
  }
  container.write(['x'])
  const follower = container.follow()
  follower.over(true)
  assert.equal(follower.isSent, false)
  await kept.until(() => calls.length > 2)
  assert.equal(follower.isSent, true)
  follower.removed()
  assert.equal(container.said.at(-1)?.['bytes'], statSync(container.path).size, 'it is counted')
})
