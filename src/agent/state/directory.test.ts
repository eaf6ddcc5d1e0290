import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { takeDirectory } from './directory.ts'

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'berth-agent-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

/** A process of its own that takes the directory, and lives until it is killed. */
function other(path: string) {
  const code = `
    const { takeDirectory } = await import(${JSON.stringify(new URL('directory.ts', import.meta.url).href)})
    try { takeDirectory(${JSON.stringify(path)}); console.log('taken') }
    catch (error) { console.log(error.message); process.exit(1) }
    setInterval(() => {}, 1000)`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

const saidBy = async ({ stdout }: ReturnType<typeof other>): Promise<string> =>
  String((await once(stdout, 'data'))[0]).trim()

test('a second agent is refused by the name of the first, and one that died is nobody', async (context) => {
  const path = directory(context)
  const first = other(path)
  const ended = once(first, 'exit')
  assert.equal(await saidBy(first), 'taken')
  assert.throws(() => takeDirectory(path), {
    message: new RegExp(`^another agent has the data directory ${path}: process ${first.pid} \\(`),
  })
  first.kill('SIGKILL')
  await ended
  takeDirectory(path).release()
})

test('of many that start together one has the directory', async (context) => {
  const path = directory(context)
  const agents = [other(path), other(path), other(path)]
  context.after(() => agents.forEach((agent) => agent.kill('SIGKILL')))
  const said = await Promise.all(agents.map(saidBy))
  assert.equal(said.filter((words) => words === 'taken').length, 1, said.join('\n'))
})

test('a directory that is released is free; a copy of it is another one', (context) => {
  const path = directory(context)
  const first = takeDirectory(path)
  assert.throws(() => takeDirectory(path), /another agent has/)
  first.release()
  const again = takeDirectory(path)
  assert.equal(again.id, first.id)
  const copy = directory(context)
  cpSync(path, copy, { recursive: true })
  const second = takeDirectory(copy)
  assert.notEqual(second.id, first.id)
  second.release()
  again.release()
})

test('whose lock was moved away has the directory no more', (context) => {
  const path = directory(context)
  const [lock, away] = [join(path, 'agent.lock'), join(path, 'away')]
  const first = takeDirectory(path)
  assert.equal(first.isHeld(), true)
  renameSync(lock, away)
  assert.equal(first.isHeld(), false)
  const second = takeDirectory(path)
  assert.deepEqual([first.isHeld(), second.isHeld()], [false, true])
  first.release()
  second.release()
})
