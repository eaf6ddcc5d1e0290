/** What a user can do wrong, and the one line that says so. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { rootCertificates } from 'node:tls'

import { freePort } from '../parity/free-port.ts'
import { patient } from '../patience.ts'
import { Reader } from './page.fixture.ts'

const LIMIT = { timeout: patient(120_000) }
const port = await freePort()
const reader = new Reader(port)
const engineLog = join(reader.data, 'log', 'dockerd.log')
/** More than what is kept. */
const ENGINE_LOG_BYTES = 11 << 20
let taken: Server
let takenPort = 0

before(async () => {
  taken = createServer()
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
  takenPort = (taken.address() as { port: number }).port
  writeFileSync(join(reader.home, 'file'), '')
  mkdirSync(join(reader.data, 'log'), { recursive: true })
  writeFileSync(engineLog, Buffer.alloc(ENGINE_LOG_BYTES))
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
  [
    'a folder in /proc',
    'berth up --data /proc/x',
    /^berth: \/proc\/x: no folder can be made there\n$/,
  ],
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
  [
    'input that is not there',
    'berth plan run-task file://none',
    /none cannot be read: no such file\n$/,
  ],
] as const)
  test(`${what} is said in one line`, LIMIT, async () => void (await refused(script, text)))

for (const [what, script, text] of [
  ['is none', 'up --prot 1', "unknown option '--prot' (Did you mean --port?)"],
  ['lacks its value', 'up --data', "option '--data <dir>' argument missing"],
  [
    'cannot be',
    'up --port x',
    "option '--port <n>' argument 'x' is invalid. It must be a whole number",
  ],
] as const)
  test(`an option that ${what} is said in one line with a hint`, LIMIT, async () => {
    await refused(`berth ${script}`, `berth: ${text}: \`berth --help\` says what there is\n`)
  })

test('what no server would take is said so, also where one runs', LIMIT, async () => {
  await refused('berth up --port 99999', 'berth: 99999 is no port\n')
  await refused('berth up --history-days 0', /^berth: --history-days must be a whole number from 1/)
  await refused('berth up --host 0.0.0.0', /^berth: 0\.0\.0\.0 is not a loopback address: add --a/)
  await refused('berth up --tls-cert none --tls-key none', /none cannot be read: no such file\n$/)
})

test('authorities that are not there or have nothing to do are refused', LIMIT, async () => {
  writeFileSync(join(reader.home, 'ca.pem'), rootCertificates[0] ?? '')
  const absent = `berth: ${reader.home}/none cannot be read: no such file\n`
  const idle = /^berth: --ca .*ca\.pem would do nothing: http:\/\/.* no TLS\n$/
  for (const command of ['up', 'up --data d4', 'server --data d4']) {
    await refused(`berth ${command} --ca none`, absent)
    await refused(`berth ${command} --ca ca.pem`, idle)
  }
  await refused('berth up', idle, { BERTH_CA: 'ca.pem' })
  await refused('berth env --ca ca.pem', idle)
  const others = await reader.does('berth up --detach --no-demo', { SSL_CERT_FILE: 'none' })
  assert.equal(others.code, 0, others.stderr)
})

test(
  'an engine of another machine is refused, and so is another one than the agent has',
  LIMIT,
  async () => {
    const [far, other] = ['tcp://10.0.0.1:2375', 'unix:///run/other.sock']
    const words = new RegExp(
      `DOCKER_HOST is ${far}, and Berth works with the Docker Engine of this`,
    )
    for (const command of ['up --no-demo', 'up --no-demo --data d5', 'down --tasks --data d5'])
      await refused(`berth ${command}`, words, { DOCKER_HOST: far })
    await refused(
      'berth up',
      /of this host works with the Docker Engine at \/var\/run\/docker\.sock/,
      {
        DOCKER_HOST: other,
      },
    )
    await refused(
      'berth up --no-demo --data d5 --port 0',
      /^berth: Docker Engine: not running at \/run\/other\.sock\. DOCKER_HOST names it\n$/,
      { DOCKER_HOST: other },
    )
    const same = await reader.does('berth up --detach --no-demo', {
      DOCKER_HOST: 'unix:///var/run/docker.sock',
    })
    assert.equal(same.code, 0, same.stderr)
    const { stdout } = await reader.does('berth doctor || true', { DOCKER_HOST: far })
    assert.match(stdout, /^missing Docker Engine +not of this machine\n +DOCKER_HOST is tcp/m)
  },
)

test('settings of the wrong kind are said with their file', LIMIT, async () => {
  const [wrong, folder] = [join(reader.home, 'wrong'), join(reader.home, 'folder')]
  mkdirSync(wrong)
  writeFileSync(join(wrong, 'berth.toml'), 'port = "7"\n')
  mkdirSync(join(folder, 'berth.toml'), { recursive: true })
  await refused(
    'berth server --data wrong',
    `berth: ${wrong}/berth.toml: port must be a whole number, not the text "7"\n`,
  )
  await refused(
    'berth up --data folder',
    `berth: ${folder}/berth.toml cannot be read: it is a folder\n`,
  )
})

test('a second server says which one has its data', LIMIT, async () => {
  const pid = readFileSync(join(reader.data, 'server.pid'), 'utf8').trim()
  await refused(
    'berth server --port 0',
    `berth: another Berth server is using this data directory: process ${pid}, which answers on http://127.0.0.1:${port}\n`,
  )
})

test('without a home in its environment a user has the one of the machine', LIMIT, async () => {
  const { stdout } = await reader.does('HOME= berth doctor || true')
  assert.match(stdout, new RegExp(`data directory +${userInfo().homedir}/\\.local/share/berth`))
})

test("the log of an engine that up has started is within the agent's limit", LIMIT, () => {
  assert.equal(statSync(engineLog).size, 0)
  assert.equal(statSync(`${engineLog}.1`).size, ENGINE_LOG_BYTES)
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
  const named = await reader.does('berth doctor --data file/y')
  assert.match(named.stdout, /^missing data directory +.*\/file\/y cannot be written$/m)
})

test('env needs no file of keys', LIMIT, async () => {
  const before = await reader.does('berth env')
  const { code, stdout } = await reader.does(
    'mv ~/.local/share/berth/root-keys.json . && berth env',
  )
  assert.equal(code, 0)
  assert.equal(stdout, before.stdout)
})
