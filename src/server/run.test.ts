import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const home = mkdtempSync(join(tmpdir(), 'berth-run-'))
after(() => rmSync(home, { recursive: true, force: true }))
/** One that does not end is ended then, and told apart by it. */
const LIMIT_MS = 60_000

for (const name of ['logs', 'history', 'state.db'])
  test(`a server that cannot begin, for its ${name}, says why and ends`, async () => {
    const data = join(home, `with-${name}`)
    mkdirSync(data)
    if (name === 'state.db') mkdirSync(join(data, name))
    else writeFileSync(join(data, name), '')
    const { code, stderr } = await server('--data', data, '--port', '0')
    assert.equal(code, 1, stderr)
    assert.match(stderr, /^berth: [^\n]+\n$/)
  })

function server(...options: readonly string[]) {
  const script = join(import.meta.dirname, '..', 'berth.ts')
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, 'config') }
  return new Promise<{ readonly code: unknown; readonly stderr: string }>((done) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', script, 'server', ...options],
      { env, timeout: LIMIT_MS },
      (error, _stdout, stderr) => done({ code: error?.code ?? error?.signal ?? 0, stderr }),
    )
  })
}
