import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { realPath } from './real-path.ts'

test('a path leads through links, also to what is not there yet', async (context) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'berth-path-')))
  context.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'real'))
  symlinkSync('real', join(root, 'link'))
  symlinkSync(join(root, 'later', 'x'), join(root, 'dangling'))
  symlinkSync('loop', join(root, 'loop'))
  for (const [path, target] of [
    ['real', 'real'],
    ['link', 'real'],
    ['link/new/deep', 'real/new/deep'],
    ['link/../link/new', 'real/new'],
    ['dangling', 'later/x'],
    ['dangling/y', 'later/x/y'],
  ])
    assert.equal(await realPath(`${root}/${path}`), `${root}/${target}`, path)
  assert.equal(await realPath('/'), '/')
  await assert.rejects(realPath(join(root, 'loop')), /too many symbolic links/)
})

test('what comes after a link counts from where that leads', async (context) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'berth-path-')))
  context.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'a', 'b'), { recursive: true })
  symlinkSync('a/b', join(root, 'link'))
  symlinkSync('link/../c', join(root, 'far'))
  for (const path of ['link/../c', 'far'])
    assert.equal(await realPath(`${root}/${path}`), `${root}/a/c`, path)
})

test('no way leads through what a process has', async (context) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'berth-path-')))
  context.after(() => rmSync(root, { recursive: true }))
  symlinkSync(`/proc/${process.pid}/cwd`, join(root, 'link'))
  // As `/dev/fd` and `/dev/stdin` lead, where a machine has them.
  symlinkSync('/proc/self/fd', join(root, 'fd'))
  symlinkSync('/proc/self/fd/0', join(root, 'stdin'))
  for (const path of [
    `/proc/self/root${root}`,
    `/proc/${process.pid}/root${root}`,
    `/proc/${process.pid}/cwd`,
    join(root, 'link'),
    join(root, 'fd'),
    join(root, 'stdin'),
  ])
    await assert.rejects(realPath(path), /leads through the link \/proc\/\S+ of a process/, path)
  assert.equal(await realPath('/proc/sys/kernel'), '/proc/sys/kernel')
})
