/** The script `berth`, in a folder of its own whose name has a space, with a registry that nobody serves. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { after, beforeEach, test } from 'node:test'

const REPOSITORY = join(import.meta.dirname, '..')
const LIMIT = { timeout: 60_000 }
const root = mkdtempSync(join(tmpdir(), 'berth script '))
const here = join(root, 'check out')
const bin = join(root, 'bin')
/** What the real program would be told. */
const ECHO =
  'console.log(JSON.stringify({ called: process.env.BERTH_CALLED, words: process.argv.slice(2), cwd: process.cwd() }))'

beforeEach(() => {
  rmSync(here, { recursive: true, force: true })
  rmSync(bin, { recursive: true, force: true })
  for (const folder of [bin, join(here, 'tools', 'generate')])
    mkdirSync(folder, { recursive: true })
  for (const name of ['berth', 'package.json', 'package-lock.json', 'tools/doctor.sh'])
    copyFileSync(join(REPOSITORY, name), join(here, name))
  put('tools/generate/generate.ts', '')
})
after(() => rmSync(root, { recursive: true, force: true }))

function put(name: string, text: string): void {
  mkdirSync(dirname(join(here, name)), { recursive: true })
  writeFileSync(join(here, name), text)
}

/** All that a set-up leaves, of which only the last step is a stand-in. */
function setUp(): void {
  const { stdout } = spawnSync('sh', ['-c', 'sed -n "s/^NODE_VERSION=//p" berth'], { cwd: here })
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const node = `.berth/node-${stdout.toString().trim()}/node_modules/node-linux-${arch}/bin/node`
  mkdirSync(dirname(join(here, node)), { recursive: true })
  symlinkSync(process.execPath, join(here, node))
  for (const folder of ['node_modules', 'src/contract'])
    mkdirSync(join(here, folder), { recursive: true })
  put('tools/build.ts', '')
  put('dist/berth.js', ECHO)
  const stamp = spawnSync('sh', ['-c', 'cat package-lock.json tools/generate/*.ts | cksum'], {
    cwd: here,
  })
  put('.berth/setup', stamp.stdout.toString())
  put('.berth/built', '')
}

function berth(
  command: string,
  words: readonly string[],
  cwd = root,
  more: NodeJS.ProcessEnv = {},
) {
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: root,
    npm_config_registry: 'http://127.0.0.1:1/',
    ...more,
  }
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}
const heard = (ran: { stdout: string; stderr: string }) => {
  assert.ok(ran.stdout.startsWith('{'), ran.stdout + ran.stderr)
  return JSON.parse(ran.stdout) as { called: string; words: string[]; cwd: string }
}

test('through a link on the PATH it is the same Berth, named as it was called', LIMIT, () => {
  setUp()
  symlinkSync(join('..', 'check out', 'berth'), join(bin, 'berth'))
  const { called, words, cwd } = heard(berth('berth', ['env', '--data', 'a b']))
  assert.deepEqual([called, words, cwd], ['berth', ['env', '--data', 'a b'], root])
  assert.equal(heard(berth('./berth', ['status'], here)).called, './berth')
  assert.equal(heard(berth(join(here, 'berth'), ['status'])).called, join(here, 'berth'))
})

test('what starts nothing sets nothing up and says what to do', LIMIT, () => {
  for (const [words, code] of [
    [['status'], 3],
    [['env'], 1],
    [['down'], 1],
    [['--help'], 0],
    [['up', '--help'], 1],
    [[], 0],
  ] as const) {
    const { status, stdout, stderr } = berth('./berth', words, here)
    assert.equal(status, code, words.join(' '))
    assert.match(
      stdout,
      /^Berth is not set up here yet\. \.\/berth up sets it up and starts it; .*\n$/,
    )
    assert.equal(stderr, '')
  }
})

test('after an update what starts nothing takes what is there', LIMIT, () => {
  setUp()
  put('package-lock.json', '{}')
  assert.deepEqual(heard(berth('./berth', ['down'], here)).words, ['down'])
})

test('a source that changes while it is built is built again', LIMIT, () => {
  setUp()
  rmSync(join(here, '.berth/built'))
  put(
    'tools/build.ts',
    `import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
appendFileSync('builds', 'x')
if (!existsSync('src/late.ts')) writeFileSync('src/late.ts', '')`,
  )
  for (const builds of ['x', 'xx', 'xx']) {
    heard(berth('./berth', ['status'], here))
    assert.equal(readFileSync(join(here, 'builds'), 'utf8'), builds)
  }
  assert.deepEqual(
    readdirSync(join(here, '.berth')).filter((name) => name.startsWith('built')),
    ['built'],
  )
})

test('up says in one line, and soon, that npm reaches nobody', LIMIT, () => {
  const { status, stderr } = berth('./berth', ['up'], here)
  assert.equal(status, 1)
  assert.match(
    stderr,
    /\nberth: npm could not fetch Node: .*http:\/\/127\.0\.0\.1:1\/.* \(all of it is in .*npm\.log\)\n$/,
  )
})

test('doctor needs no Node', LIMIT, () => {
  const { stdout, stderr } = berth('./berth', ['doctor'], here)
  assert.equal(stderr, '')
  for (const name of ['machine', 'npm', 'Docker Engine', 'busybox', 'aws CLI', 'data directory'])
    assert.match(stdout, new RegExp(`^(ok|absent|missing) +${name} `, 'm'))
})

test('doctor without Node looks at the same folder and the same engine as with it', LIMIT, () => {
  const doctor = (words: readonly string[], more: NodeJS.ProcessEnv) =>
    berth('./berth', ['doctor', ...words], here, more).stdout
  for (const words of [['--data', '/a/b'], ['--data=/a/b']])
    assert.match(doctor(words, { BERTH_DATA: '/c' }), /^\w+ +data directory +\/a\/b/m)
  const { homedir } = userInfo()
  assert.match(
    doctor([], { HOME: '', XDG_DATA_HOME: 'here' }),
    new RegExp(`^\\w+ +data directory +${homedir}/\\.local/share/berth`, 'm'),
  )
  assert.match(
    doctor([], { DOCKER_HOST: 'tcp://a:1' }),
    /^missing Docker Engine +not of this machine\n +DOCKER_HOST is tcp:\/\/a:1: unset it/m,
  )
  assert.match(doctor([], { DOCKER_HOST: 'unix:///a/b' }), /Engine +not running at \/a\/b\n/)
})

test('a folder that cannot be written is said by name', LIMIT, () => {
  put('.berth', 'a file')
  const { status, stderr } = berth('./berth', ['up'], here)
  assert.equal(status, 1)
  assert.match(stderr, /^berth: .*\.berth cannot be written, and Berth is set up there\n$/)
})
