/**
 * `./berth test`: everything that says whether Berth is sound, in the order in which it fails fastest. Installs what is
 * missing, shows each stage, names what failed with its output, and ends with one line of counts.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, openSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'

type Result = {
  readonly passed: number
  readonly failed: number
  readonly output: string
  readonly note?: string
}
type Stage = { readonly name: string; readonly run: () => Promise<Result> }

const MINUTE_MS = 60_000
const STAGE_LIMIT_MS = 14 * MINUTE_MS
const ENGINE_START_MS = MINUTE_MS
const DOCKER_SOCKET = '/var/run/docker.sock'
/** What the tests drive from Debian: a package is missing when none of its files is there. */
const PACKAGES: readonly { readonly name: string; readonly files: readonly string[] }[] = [
  { name: 'docker.io', files: ['/usr/sbin/dockerd', '/usr/bin/dockerd'] },
  { name: 'busybox-static', files: ['/bin/busybox'] },
  { name: 'gcc', files: ['/usr/bin/gcc', '/usr/bin/cc'] },
  { name: 'libc6-dev', files: ['/usr/include/dlfcn.h'] },
  { name: 'awscli', files: ['/usr/bin/aws', '/usr/local/bin/aws'] },
  { name: 'openssl', files: ['/usr/bin/openssl'] },
  { name: 'docker-registry', files: ['/usr/bin/docker-registry'] },
]

const binary = (name: string): string => join('node_modules', '.bin', name)

const stages: readonly Stage[] = [
  { name: 'types', run: () => check(binary('tsc'), ['-p', '.']) },
  {
    name: 'lint',
    run: () => check(binary('oxlint'), ['--type-aware', 'src', 'tools', 'test', 'bench']),
  },
  {
    name: 'format',
    run: () => check(binary('oxfmt'), ['--check', 'src', 'tools', 'test', 'bench']),
  },
  { name: 'house rules', run: () => check(process.execPath, ['tools/tidy.ts']) },
  { name: 'unused code', run: () => check(binary('knip'), ['--no-config-hints']) },
  { name: 'unit', run: () => tests('src/**/*.test.ts', 'tools/**/*.test.ts') },
  { name: 'parity', run: () => tests('test/parity/**/*.test.ts') },
  { name: 'engine', run: () => tests('test/docker/**/*.test.ts') },
]

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const unknown = positionals.find((name) => !stages.some((stage) => stage.name === name))
  if (unknown !== undefined) {
    console.error(`there is no stage '${unknown}': ${stages.map(({ name }) => name).join(', ')}`)
    process.exitCode = 1
    return
  }
  const chosen = stages.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (chosen.some(({ name }) => name === 'parity' || name === 'engine')) await prepare()
  let passed = 0
  let failed = 0
  const notRun: string[] = []
  for (const { name, run } of chosen) {
    const begin = Date.now()
    console.log(styleText('dim', `… ${name}`))
    const result = await run()
    passed += result.passed
    failed += result.failed
    const seconds = ((Date.now() - begin) / 1000).toFixed(1)
    const mark = result.failed === 0 ? styleText('green', '✓') : styleText('red', '✗')
    console.log(`${mark} ${name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)`)
    for (const line of result.output.match(/^.*\bnot run: .*$/gm) ?? []) notRun.push(line.trim())
    if (result.failed > 0) console.log(result.output)
  }
  for (const line of new Set(notRun)) console.log(line.replace(/^[^a-zA-Z]*/, ''))
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

/** One command that is right when it exits with 0. */
async function check(command: string, args: readonly string[]): Promise<Result> {
  const { code, output } = await execute(command, args)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output }
}

/** Files one after the other: they share one engine and two cores. */
async function tests(...patterns: readonly string[]): Promise<Result> {
  const files = patterns.flatMap((pattern) => globSync(pattern)).sort()
  const args = [
    '--test',
    '--test-isolation=none',
    '--test-reporter=spec',
    `--test-timeout=${5 * MINUTE_MS}`,
  ]
  const { code, output } = await execute(process.execPath, [...args, ...files])
  const count = (what: string): number =>
    Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  const passed = count('pass')
  const failed = count('fail') + count('cancelled') + count('skipped') + count('todo')
  if (code !== 0 && failed === 0) return { passed, failed: 1, output }
  if (passed === 0) return { passed, failed: 1, output: `no test ran\n${output}` }
  const at = output.indexOf('✖ failing tests:')
  return { passed, failed, output: failed > 0 && at >= 0 ? output.slice(at) : output }
}

function execute(
  command: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    const limit = setTimeout(() => {
      output += `\nthe stage took longer than ${STAGE_LIMIT_MS / MINUTE_MS} minutes\n`
      child.kill('SIGKILL')
    }, STAGE_LIMIT_MS)
    let output = ''
    const take = (part: Buffer): void => void (output += part.toString())
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('close', (code) => {
      clearTimeout(limit)
      done({ code: code ?? 1, output })
    })
  })
}

/** Real parts: a Docker Engine that runs, and the clients that Debian has. */
async function prepare(): Promise<void> {
  const missing = PACKAGES.filter(({ files }) => !files.some((file) => existsSync(file))).map(
    ({ name }) => name,
  )
  if (missing.length > 0) {
    const isRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
    if (!isRoot)
      throw new Error(
        `install these first (on Debian or Ubuntu: apt-get install ${missing.join(' ')})`,
      )
    console.log(`… installing ${missing.join(', ')} with apt`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', ...missing],
    ]) {
      const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
      if (status !== 0) throw new Error(`apt-get ${args[0]} failed:\n${stderr}`)
    }
  }
  if (await engineAnswers()) return
  if (process.getuid?.() !== 0)
    throw new Error('the Docker Engine does not run: start it, then run this again')
  console.log('… starting the Docker Engine')
  mkdirSync('.berth', { recursive: true })
  const log = openSync('.berth/dockerd.log', 'a')
  spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] }).unref()
  for (const end = Date.now() + ENGINE_START_MS; !(await engineAnswers()); await pause())
    if (Date.now() > end)
      throw new Error('the Docker Engine does not start: see .berth/dockerd.log')
}

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 100))

function engineAnswers(): Promise<boolean> {
  return new Promise((done) => {
    const call = request(
      { socketPath: DOCKER_SOCKET, path: '/_ping', timeout: 2000 },
      (response) => {
        response.resume()
        done(response.statusCode === 200)
      },
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => done(false))
    call.end()
  })
}

await main().catch((error: unknown) => {
  console.error(`berth test: ${(error as Error).message}`)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
})
