/**
 * `npm run vm`: the agent's tests in a Debian kernel with control groups of version 2 alone, under qemu. The guest has
 * this machine's own files, under a layer that is forgotten. What is missing is fetched from Debian into `.berth/vm`;
 * only qemu and cpio are installed.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const MINUTE_MS = 60_000
/** Long for a machine without virtualisation of its own. */
const RUN_LIMIT_MS = 45 * MINUTE_MS
const BOOT_LIMIT_MS = 40_000
const MEMORY_MIB = 6144
const HERE = resolve(import.meta.dirname, '..')
const PLACE = join(HERE, '.berth/vm')
const TESTS = [
  'src/agent/host/*.test.ts',
  'test/docker/engine.test.ts',
  'test/docker/agent.test.ts',
  'test/docker/metadata.test.ts',
  'test/docker/fields.test.ts',
]
const MODULES = [
  'virtio',
  'virtio_ring',
  'virtio_pci_modern_dev',
  'virtio_pci_legacy_dev',
  'virtio_pci',
  'netfs',
  'fscache',
  '9pnet',
  '9pnet_virtio',
  '9p',
  'overlay',
]
type Accelerator = 'kvm' | 'tcg'

async function main(): Promise<void> {
  // The guest has no way to npm.
  if (!existsSync(join(HERE, 'src/contract')))
    throw new Error('nothing is set up here yet: run `./berth test types` first')
  prepare()
  const accelerator = (await boots('kvm')) ? 'kvm' : 'tcg'
  say(`the guest runs with ${accelerator}`)
  process.exitCode = await run(accelerator)
}

function say(text: string): void {
  console.log(`berth-vm: ${text}`)
}

function prepare(): void {
  install()
  mkdirSync(PLACE, { recursive: true })
  fetchKernel()
  buildInitramfs()
  const { PATH = '' } = process.env
  // Others may be named: `npm run vm -- test/docker/agent.test.ts`.
  const [, , ...named] = process.argv
  const patterns = named.length > 0 ? named : TESTS
  const tests = patterns.flatMap((pattern) => globSync(pattern, { cwd: HERE })).join(' ')
  writeFileSync(
    join(PLACE, 'environment'),
    `export PATH='${PATH}'\nexport HOME=/root\nexport BERTH_VM_TESTS='${tests}'\n`,
  )
  chmodSync(join(HERE, 'tools/vm/start'), 0o755)
}

function install(): void {
  const packages = [
    ['qemu-system-x86', '/usr/bin/qemu-system-x86_64'],
    ['cpio', '/usr/bin/cpio'],
    ['kmod', '/sbin/depmod'],
    ['busybox-static', '/bin/busybox'],
  ] as const
  const missing = packages.filter(([, file]) => !existsSync(file)).map(([name]) => name)
  if (missing.length === 0) return
  say(`installing ${missing.join(', ')}`)
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    stdio: 'inherit',
  })
}

/** Debian's kernel, unpacked and not installed. */
function fetchKernel(): void {
  const target = join(PLACE, 'kernel')
  if (existsSync(join(target, 'boot'))) return
  const depends = execFileSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' })
  const name = /linux-image-\d\S+/.exec(depends)?.[0]
  if (name === undefined) throw new Error('Debian has no linux-image-amd64 here')
  say(`fetching ${name}`)
  execFileSync('apt-get', ['download', name], { cwd: PLACE, stdio: 'inherit' })
  const [file = ''] = globSync(`${name}_*.deb`, { cwd: PLACE })
  execFileSync('dpkg', ['-x', join(PLACE, file), target])
  rmSync(join(PLACE, file))
  execFileSync('depmod', ['-b', target, release()])
}

function release(): string {
  return readdirSync(join(PLACE, 'kernel/lib/modules'))[0] ?? ''
}

/** Busybox, the modules that reach the share, and `init`. */
function buildInitramfs(): void {
  const root = join(PLACE, 'initramfs')
  rmSync(root, { recursive: true, force: true })
  for (const folder of ['bin', 'modules', 'proc', 'sys', 'dev'])
    mkdirSync(join(root, folder), { recursive: true })
  cpSync('/bin/busybox', join(root, 'bin/busybox'))
  cpSync(join(HERE, 'tools/vm/init'), join(root, 'init'))
  chmodSync(join(root, 'init'), 0o755)
  const found = modulesInOrder()
  for (const path of found) cpSync(join(PLACE, path), join(root, 'modules', basename(path)))
  writeFileSync(join(root, 'modules.order'), found.map((path) => basename(path)).join('\n'))
  execFileSync('sh', ['-c', 'find . | cpio -o -H newc 2>/dev/null | gzip -1 > ../initramfs.gz'], {
    cwd: root,
  })
}

/** The files of the modules, each after those that it needs. What is not a module is in the kernel. */
function modulesInOrder(): readonly string[] {
  const folder = join('kernel/lib/modules', release())
  const needs = new Map<string, readonly string[]>()
  for (const line of readFileSync(join(PLACE, folder, 'modules.dep'), 'utf8').split('\n')) {
    const [path, rest = ''] = line.split(':')
    if (path) needs.set(path, rest.trim().split(' ').filter(Boolean))
  }
  const order = new Set<string>()
  const add = (path: string): void => {
    for (const need of needs.get(path) ?? []) add(need)
    order.add(path)
  }
  for (const name of MODULES)
    for (const path of needs.keys())
      if (basename(path, '.ko').replaceAll('-', '_') === name) add(path)
  return [...order].map((path) => join(folder, path))
}

function guest(accelerator: Accelerator): string[] {
  const [kernel = ''] = globSync('kernel/boot/vmlinuz-*', { cwd: PLACE })
  const start = join(HERE, 'tools/vm/start')
  return [
    ...(accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi', '-cpu', 'max']),
    '-smp',
    '2',
    '-m',
    String(MEMORY_MIB),
    '-nographic',
    '-no-reboot',
    '-nic',
    'none',
    '-kernel',
    join(PLACE, kernel),
    '-initrd',
    join(PLACE, 'initramfs.gz'),
    '-append',
    `console=ttyS0 quiet panic=-1 systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all berth.start=${start}`,
    '-virtfs',
    'local,path=/,mount_tag=berthroot,security_model=none,readonly=on,multidevs=remap',
  ]
}

/** Whether a guest gets anywhere with it: virtualisation inside of virtualisation may hang. */
async function boots(accelerator: Accelerator): Promise<boolean> {
  if (!existsSync('/dev/kvm')) return false
  const child = spawn('qemu-system-x86_64', guest(accelerator), {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const answer = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => answer.resolve(false), BOOT_LIMIT_MS)
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.includes('berth-vm:')) answer.resolve(true)
  })
  child.once('exit', () => answer.resolve(false))
  const booted = await answer.promise
  clearTimeout(timer)
  child.kill('SIGKILL')
  return booted
}

/** The guest's exit code is the last thing that it says. */
async function run(accelerator: Accelerator): Promise<number> {
  const begin = Date.now()
  const child = spawn('qemu-system-x86_64', guest(accelerator), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timer = setTimeout(() => {
    say(`stopped after ${RUN_LIMIT_MS / MINUTE_MS} minutes`)
    child.kill('SIGKILL')
  }, RUN_LIMIT_MS)
  let code = 1
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line)
    const exit = /berth-vm: exit (\d+)/.exec(line)?.[1]
    if (exit !== undefined) code = Number(exit)
  })
  await new Promise((done) => child.once('exit', done))
  clearTimeout(timer)
  say(`${code === 0 ? 'passed' : 'failed'} after ${Math.round((Date.now() - begin) / 1000)} s`)
  return code
}

// The environment that node was found by is the guest's too.
if (readFileSync('/proc/version', 'utf8').startsWith('Linux')) await main()
