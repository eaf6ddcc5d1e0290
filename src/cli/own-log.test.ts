import assert from 'node:assert/strict'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { limited, limitOther } from './own-log.ts'

test('the log of a process that goes on appending is within its limit after each look', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
  const file = join(folder, 'dockerd.log')
  limitOther(file, 20)
  const descriptor = openSync(file, 'a')
  for (let round = 1; round <= 6; round += 1) {
    writeSync(descriptor, `${round}`.repeat(round === 6 ? 10 : 20))
    limitOther(file, 20)
  }
  closeSync(descriptor)
  const said = ['', '.1', '.2', '.3'].map((end) => readFileSync(`${file}${end}`, 'utf8'))
  assert.deepEqual(
    said,
    [6, 5, 4, 3].map((round) => `${round}`.repeat(round === 6 ? 10 : 20)),
  )
  assert.equal(readdirSync(folder).length, 4)
  rmSync(folder, { recursive: true })
})

test('a log keeps within its limit, loses no line of those kept, and goes on in the same file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
  const file = join(folder, 'server.log')
  const descriptor = openSync(file, 'a')
  const stream = { write: (text: string) => writeSync(descriptor, text) }
  const log = limited(stream, descriptor, file, 20)
  for (let line = 10; line < 60; line += 1) log.write(`line ${line}\n`)
  const names = readdirSync(folder).toSorted()
  assert.deepEqual(names, ['server.log', 'server.log.1', 'server.log.2', 'server.log.3'])
  const kept = [3, 2, 1].map((number) => readFileSync(`${file}.${number}`, 'utf8')).join('')
  const lines = (kept + readFileSync(file, 'utf8')).trim().split('\n')
  const first = Number(lines[0]?.slice(5))
  assert.deepEqual(
    lines,
    Array.from({ length: 60 - first }, (_, at) => `line ${first + at}`),
  )
  assert.ok(lines.length >= 9, `${lines.length} lines are kept`)
  closeSync(descriptor)
  rmSync(folder, { recursive: true })
})
