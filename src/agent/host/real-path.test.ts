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
  assert.equal(await realPath(`/proc/self/root${root}/link`), `${root}/real`)
  await assert.rejects(realPath(join(root, 'loop')), /ELOOP/)
})
