/** What a user can do wrong, and the one line that says so. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { freePort } from '../parity/free-port.ts'
import { Reader } from './page.fixture.ts'

const LIMIT = { timeout: 120_000 }
const port = await freePort()
const reader = new Reader(port)
let taken: Server
let takenPort = 0

before(async () => {
  taken = createServer()
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
  takenPort = (taken.address() as { port: number }).port
  writeFileSync(join(reader.home, 'file'), '')
  const { code, stderr } = await reader.does('berth up --detach --no-demo')
  assert.equal(code, 0, stderr)
})
after(async () => {
  taken.close()
  await reader.leaves()
})

async function refused(script: string, text: RegExp | string, more: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await reader.does(script, more)
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, /^(berth|error): [^\n]+\n$/, 'one line')
  if (typeof text === 'string') assert.equal(stderr, text)
  else assert.match(stderr, text)
  return stdout
}

test('an option that a running Berth cannot take is refused by name', LIMIT, async () => {
  await refused(
    'berth up --port 4999',
    new RegExp(`with port ${port}, and takes 4999 only when it`),
  )
  await refused(
    'berth up --rates aws',
    /with rates none, and takes aws only when it starts: berth down --data '/,
  )
  await refused('berth up', /with allow-reset false, and takes true/, { BERTH_ALLOW_RESET: '1' })
  await refused('berth up', /with history-days 30, and takes 7/, { BERTH_HISTORY_DAYS: '7' })
  await refused('berth up --region eu-west-1', /this host is in region us-east-1, and cannot be in/)
  const same = await reader.does(`berth up --detach --no-demo --port ${port} --host 127.0.0.1`)
  assert.equal(same.code, 0, same.stderr)
})

test('a port that is taken is said before anything is done', LIMIT, async () => {
  const stdout = await refused(
    `berth up --data fresh --port ${takenPort}`,
    `berth: port ${takenPort} is in use: choose another with --port\n`,
  )
  assert.equal(stdout, '')
})

test('why the control plane did not start is told in its words of now', LIMIT, async () => {
  const data = join(reader.home, 'other')
  mkdirSync(join(data, 'log'), { recursive: true })
  writeFileSync(join(data, 'state.db'), 'this is no database'.repeat(99))
  writeFileSync(join(data, 'log', 'server.log'), 'berth: words of long ago\n')
  await refused(
    'berth up --no-demo --data other --port 0',
    'berth: the control plane did not start: the state log failed: file is not a database\n',
  )
})

for (const [what, script, text] of [
  [
    'a file for a folder',
    'berth up --data file',
    /^berth: .*\/file: a file is where a folder should/,
  ],
  ['a file above a folder', 'berth up --data file/x', /\/file\/x: a part of the path is a file/],
  ['a folder in /proc', 'berth up --data /proc/x', /^berth: \/proc\/x: no such file or folder\n$/],
  [
    'no server',
    'berth env --data none',
    /^berth: no Berth server runs on .*: start one with `berth up`/,
  ],
  ['a file for the data of env', 'berth env --data file', /^berth: no Berth server runs on /],
  [
    'a key that is none',
    'berth server --data d1 --port 0 --seal-key file',
    /file is not a seal key\n/,
  ],
  ['remote without TLS', 'berth up --data d2 --host 0.0.0.0', /add --allow-remote/],
  [
    'half an address',
    'AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b berth agent --data d3 --endpoint x',
    /x is no address/,
  ],
  ['another account', 'berth account keys 123', /^berth: there is no account 123\n$/],
  ['input that is not there', 'berth plan run-task file://none', /none: no such file or folder/],
] as const)
  test(`${what} is said in one line`, LIMIT, async () => void (await refused(script, text)))

test('an option that is none is said with a hint, not with all that there is', LIMIT, async () => {
  const { code, stderr } = await reader.does('berth up --prot 1')
  assert.equal(code, 1)
  assert.match(stderr, /^error: unknown option '--prot'\n.*\n?berth: --help says what there is\n$/)
})

test('whoever has read enough ends nothing', LIMIT, async () => {
  for (const words of ['up --detach --no-demo', 'status', '--help']) {
    const script = `{ berth ${words}; echo "code $?" >&2; } | true`
    assert.equal((await reader.does(script)).stderr, 'code 0\n', words)
  }
})

test('doctor says where no data can be kept', LIMIT, async () => {
  const { code, stdout } = await reader.does('BERTH_DATA=$HOME/file/x berth doctor')
  assert.equal(code, 1)
  assert.match(stdout, /^missing data directory +.*\/file\/x cannot be written$/m)
})

test('env needs no file of keys', LIMIT, async () => {
  const before = await reader.does('berth env')
  const { code, stdout } = await reader.does(
    'mv ~/.local/share/berth/root-keys.json . && berth env',
  )
  assert.equal(code, 0)
  assert.equal(stdout, before.stdout)
})
