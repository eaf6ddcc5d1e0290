/** Each field of a task definition that bridge, host and none modes can carry: a real container shows that it acts. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'

import { House, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { docker, importImage, outputOf, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-fields-test-${systemIds.hex(8)}:1`
/** It says itself what it runs. */
const SPEAKING = IMAGE.replace(':1', ':2')
const LIMIT = { timeout: patient(120_000) }
const MIB = 1024 * 1024
/** A volume that outlives its tasks. */
const shared = `berth-fields-${systemIds.hex(8)}`
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  await importImage(SPEAKING, ['LABEL berth.local=true', 'ENTRYPOINT ["echo"]', 'CMD ["image"]'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await docker('DELETE', `/volumes/${shared}`).catch(() => {})
  await removeImage(IMAGE)
  await removeImage(SPEAKING)
})

type Binding = { containerPort?: number; hostPort?: number; protocol: string } & Record<
  string,
  unknown
>
type Container = {
  name: string
  runtimeId: string
  exitCode?: number
  reason?: string
  networkBindings: Binding[]
}
type Task = {
  taskArn: string
  lastStatus: string
  stopCode?: string
  stoppedReason?: string
  containers: Container[]
}
type Inspection = {
  readonly Config: { readonly Labels: Readonly<Record<string, string>> }
  readonly HostConfig: Readonly<Record<string, unknown>>
}

let families = 0
async function start(containers: readonly object[], more: object = {}): Promise<string> {
  families += 1
  const family = `fields-${families}`
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: containers.map((one) => ({
      name: 'app',
      image: IMAGE,
      memory: 32,
      stopTimeout: 2,
      ...one,
    })),
    ...more,
  })
  const { tasks } = await house.api<{ tasks: Task[] }>('RunTask', { taskDefinition: family })
  return tasks[0]!.taskArn
}

const reaches = (arn: string, status: string): Promise<Task> =>
  until(`the task is ${status}`, async () => {
    const { tasks } = await house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: [arn] })
    return tasks[0]?.lastStatus === status ? tasks[0] : undefined
  })

/** What a container with these fields prints, and how the engine has it. */
async function printed(script: string, fields: object, more: object = {}) {
  const arn = await start([{ command: ['sh', '-c', script], ...fields }], more)
  const task = await reaches(arn, 'STOPPED')
  const [container] = task.containers
  assert.equal(container?.reason, undefined)
  const id = container?.runtimeId ?? ''
  const inspection = (await docker('GET', `/containers/${id}/json`)) as Inspection
  return { output: await outputOf(id), exitCode: container?.exitCode, inspection }
}

const linux = (linuxParameters: object): object => ({ linuxParameters })
const capability = (bit: number, output: string): boolean =>
  (BigInt(`0x${/CapEff:\s+(\w+)/.exec(output)?.[1] ?? '0'}`) & (1n << BigInt(bit))) !== 0n
const NET_ADMIN = 12
const CHOWN = 0
const SYS_ADMIN = 21

const cases: readonly [field: string, script: string, fields: object, expected: RegExp][] = [
  ['entryPoint', 'nothing', { entryPoint: ['echo', 'from'], command: ['both'] }, /^from both$/m],
  ['environment', 'echo "$A"', { environment: [{ name: 'A', value: 'x = y' }] }, /^x = y$/m],
  ['user', 'id -u; id -g', { user: '1000:2000' }, /^1000\n2000\n$/],
  ['workingDirectory', 'pwd', { workingDirectory: '/www' }, /^\/www\n$/],
  ['hostname', 'hostname', { hostname: 'chosen' }, /^chosen\n$/],
  ['dnsServers', 'cat /etc/resolv.conf', { dnsServers: ['10.9.8.7'] }, /^nameserver 10\.9\.8\.7$/m],
  [
    'dnsSearchDomains',
    'cat /etc/resolv.conf',
    { dnsSearchDomains: ['inner.test'] },
    /^search inner\.test$/m,
  ],
  [
    'extraHosts',
    'cat /etc/hosts',
    { extraHosts: [{ hostname: 'db', ipAddress: '10.1.2.3' }] },
    /^10\.1\.2\.3\s+db$/m,
  ],
  [
    'ulimits',
    'ulimit -Sn; ulimit -Hn',
    { ulimits: [{ name: 'nofile', softLimit: 111, hardLimit: 222 }] },
    /^111\n222\n$/,
  ],
  [
    'readonlyRootFilesystem',
    'touch /www/x || echo refused',
    { readonlyRootFilesystem: true },
    /refused/,
  ],
  [
    'dockerSecurityOptions',
    'cat /proc/self/status',
    { dockerSecurityOptions: ['no-new-privileges'] },
    /^NoNewPrivs:\s+1$/m,
  ],
  ['pseudoTerminal', 'test -t 1 && echo terminal', { pseudoTerminal: true }, /^terminal/],
  ['interactive', 'ls -l /proc/self/fd/0', { interactive: true }, /pipe/],
  ['disableNetworking', 'ls /sys/class/net', { disableNetworking: true }, /^lo\n$/],
  [
    'systemControls',
    'cat /proc/sys/net/ipv4/tcp_keepalive_time',
    { systemControls: [{ namespace: 'net.ipv4.tcp_keepalive_time', value: '77' }] },
    /^77\n$/,
  ],
  ['initProcessEnabled', 'cat /proc/1/comm', linux({ initProcessEnabled: true }), /init/],
  [
    'tmpfs',
    'grep " /scratch " /proc/mounts',
    linux({ tmpfs: [{ containerPath: '/scratch', size: 8, mountOptions: ['noexec'] }] }),
    /tmpfs .*noexec.*size=8192k/,
  ],
  [
    'sharedMemorySize',
    'grep " /dev/shm " /proc/mounts',
    linux({ sharedMemorySize: 3 }),
    /size=3072k/,
  ],
  [
    'devices',
    'echo gone > /dev/mine && test -c /dev/mine && echo device',
    linux({ devices: [{ hostPath: '/dev/null', containerPath: '/dev/mine' }] }),
    /^device\n$/,
  ],
]

test('what is empty leaves what the image says', LIMIT, async () => {
  for (const [fields, expected] of [
    [{ entryPoint: [] }, 'image'],
    [{ entryPoint: [], command: [], user: '', workingDirectory: '' }, 'image'],
    [{ entryPoint: [], command: ['own'] }, 'own'],
  ] as const)
    assert.equal(
      (await printed('', { image: SPEAKING, command: [], ...fields })).output,
      `${expected}\n`,
    )
})

test('a health check that is a command alone is run', LIMIT, async () => {
  const healthCheck = { command: ['/bin/true'], interval: 5 }
  const arn = await start([{ command: ['sleep', '600'], healthCheck }])
  await until('the container is healthy', async () => {
    const { tasks } = await house.api<{ tasks: { healthStatus: string }[] }>('DescribeTasks', {
      tasks: [arn],
    })
    return tasks[0]?.healthStatus === 'HEALTHY' || undefined
  })
  await house.api('StopTask', { task: arn })
  await reaches(arn, 'STOPPED')
})

test('a container whose dependency never comes ends as at AWS', LIMIT, async () => {
  const arn = await start([
    { name: 'side', essential: false, command: ['sh', '-c', 'exit 3'] },
    { dependsOn: [{ containerName: 'side', condition: 'SUCCESS' }], command: ['true'] },
  ])
  const { containers, stopCode } = await reaches(arn, 'STOPPED')
  const app = containers.find(({ name }) => name === 'app')
  assert.deepEqual([stopCode, app?.exitCode], ['TaskFailedToStart', 143])
  assert.match(app?.reason ?? '', /^CannotStartContainerError: dependency graph: .* - Exit: 3\]/)
})

for (const [field, script, fields, expected] of cases)
  test(`${field} acts`, LIMIT, async () => {
    assert.match((await printed(script, fields)).output, expected)
  })

test('capabilities are added and dropped', LIMIT, async () => {
  const show = 'cat /proc/self/status'
  const plain = await printed(show, {})
  assert.deepEqual(
    [NET_ADMIN, CHOWN, SYS_ADMIN].map((bit) => capability(bit, plain.output)),
    [false, true, false],
  )
  const changed = await printed(
    show,
    linux({ capabilities: { add: ['NET_ADMIN'], drop: ['CHOWN'] } }),
  )
  assert.deepEqual(
    [NET_ADMIN, CHOWN, SYS_ADMIN].map((bit) => capability(bit, changed.output)),
    [true, false, false],
  )
})

test(
  'privileged has every capability that the engine knows, where the machine has them',
  LIMIT,
  async () => {
    const command = ['cat', '/proc/self/status']
    const arn = await start([{ command, privileged: true }])
    const { containers } = await reaches(arn, 'STOPPED')
    const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
    const all = Array.from({ length: last + 1 }, (_, bit) => bit)
    const mine = readFileSync('/proc/self/status', 'utf8')
    if (all.every((bit) => capability(bit, mine))) {
      const capabilities = /CapEff:.*/.exec(await outputOf(containers[0]?.runtimeId ?? ''))?.[0]
      assert.ok(capabilities)
      assert.equal(capabilities, /CapEff:.*/.exec(await privileged(command))?.[0])
    } else assert.match(containers[0]?.reason ?? '', /unable to apply caps/)
  },
)

/** What the command prints in a privileged container that the engine was asked for behind the agent's back. */
async function privileged(command: readonly string[]): Promise<string> {
  const container = { Image: IMAGE, Cmd: command, HostConfig: { Privileged: true } }
  const { Id } = (await docker('POST', '/containers/create', container)) as { Id: string }
  await docker('POST', `/containers/${Id}/start`)
  await docker('POST', `/containers/${Id}/wait`)
  const output = await outputOf(Id)
  await docker('DELETE', `/containers/${Id}`)
  return output
}

test('cpu, memory, reservation and swap are what the engine holds to', LIMIT, async () => {
  const { inspection } = await printed('true', {
    cpu: 256,
    memory: 64,
    memoryReservation: 32,
    linuxParameters: { maxSwap: 16, swappiness: 20 },
  })
  const { CpuShares, Memory, MemoryReservation, MemorySwap, MemorySwappiness } =
    inspection.HostConfig
  assert.deepEqual(
    [CpuShares, Memory, MemoryReservation, MemorySwap],
    [256, 64 * MIB, 32 * MIB, 80 * MIB],
  )
  // Control groups of version 2 have no swappiness, and Docker leaves it out there.
  const { CgroupVersion } = (await docker('GET', '/info')) as { CgroupVersion?: string }
  assert.equal(MemorySwappiness, CgroupVersion === '2' ? null : 20)
})

test('labels reach the container, and those of ECS cannot be taken', LIMIT, async () => {
  const { inspection } = await printed('true', {
    dockerLabels: { mine: 'yes', 'com.example.a': '' },
  })
  const { Labels } = inspection.Config
  assert.equal(Labels['mine'], 'yes')
  assert.equal(Labels['com.example.a'], '')
  assert.equal(Labels['com.amazonaws.ecs.container-name'], 'app')
  await assert.rejects(
    start([{ dockerLabels: { 'com.amazonaws.ecs.task-arn': 'stolen' } }]),
    /Labels with the prefix com.amazonaws.ecs are reserved/,
  )
})

test('a container that uses too much is killed, and says so', LIMIT, async () => {
  // Room for what starts it: where even that is killed, no container ran.
  const arn = await start([{ memory: 32, command: ['tail', '/dev/zero'] }])
  const { containers, stopCode } = await reaches(arn, 'STOPPED')
  assert.equal(stopCode, 'EssentialContainerExited')
  assert.equal(containers[0]?.exitCode, 137)
  assert.equal(containers[0]?.reason, 'OutOfMemoryError: Container killed due to memory usage')
})

test('links reach the other container by its alias', LIMIT, async () => {
  const arn = await start([
    { name: 'db', essential: false, command: ['httpd', '-f', '-p', '80', '-h', '/www'] },
    {
      name: 'app',
      links: ['db:database'],
      command: ['sh', '-c', 'until wget -qO- http://database/; do sleep 0.1; done | grep hello'],
    },
  ])
  const { containers } = await reaches(arn, 'STOPPED')
  assert.equal(containers.find(({ name }) => name === 'app')?.exitCode, 0)
})

test('port ranges, and one port on tcp and udp, are bound and told', LIMIT, async () => {
  const arn = await start([
    {
      command: ['sleep', '600'],
      portMappings: [
        { containerPortRange: '7000-7004', protocol: 'tcp' },
        { containerPort: 53, protocol: 'udp' },
        { containerPort: 53, protocol: 'tcp' },
      ],
    },
  ])
  const { containers } = await reaches(arn, 'RUNNING')
  const bindings = containers[0]?.networkBindings ?? []
  assert.equal(bindings.length, 3)
  for (const protocol of ['tcp', 'udp'])
    assert.ok(
      bindings.find((one) => one.containerPort === 53 && one.protocol === protocol)?.hostPort,
    )
  const range = bindings.find((one) => 'containerPortRange' in one)
  assert.equal(range?.['containerPortRange'], '7000-7004')
  const [first, last] = String(range?.['hostPortRange']).split('-').map(Number)
  assert.equal((last ?? 0) - (first ?? 0), 4)
  await house.api('StopTask', { task: arn })
  await reaches(arn, 'STOPPED')
})

test('volumes: of the task, shared by name, of the host, of another container', LIMIT, async () => {
  const volumes = [
    { name: 'own', host: {} },
    { name: 'docker', dockerVolumeConfiguration: { scope: 'task', driver: 'local' } },
    { name: shared, dockerVolumeConfiguration: { scope: 'shared', autoprovision: true } },
    { name: 'etc', host: { sourcePath: '/etc' } },
  ]
  const mount = (sourceVolume: string, containerPath: string, readOnly = false): object => ({
    sourceVolume,
    containerPath,
    readOnly,
  })
  const write = await start(
    [
      {
        name: 'writer',
        essential: false,
        mountPoints: [mount('own', '/a'), mount('docker', '/b'), mount(shared, '/c')],
        command: ['sh', '-c', 'echo 1 > /a/x; echo 2 > /b/x; echo 3 > /c/x'],
      },
      {
        name: 'app',
        dependsOn: [{ containerName: 'writer', condition: 'SUCCESS' }],
        volumesFrom: [{ sourceContainer: 'writer', readOnly: true }],
        mountPoints: [mount('etc', '/host-etc', true)],
        command: [
          'sh',
          '-c',
          'cat /a/x /b/x /c/x && test -f /host-etc/passwd && ! touch /a/y 2>/dev/null && ! touch /host-etc/y 2>/dev/null',
        ],
      },
    ],
    { volumes },
  )
  const { containers } = await reaches(write, 'STOPPED')
  const app = containers.find(({ name }) => name === 'app')
  assert.match(await outputOf(app?.runtimeId ?? ''), /^1\n2\n3\n/)
  assert.equal(app?.exitCode, 0)
  // Another task finds what is shared, and nothing of what was the first task's own.
  const read = await start(
    [
      {
        mountPoints: [mount('own', '/a'), mount(shared, '/c')],
        command: ['sh', '-c', 'test ! -e /a/x && cat /c/x'],
      },
    ],
    { volumes },
  )
  assert.equal((await reaches(read, 'STOPPED')).containers[0]?.exitCode, 0)
})

test('a shared volume that is not to be made must be there', LIMIT, async () => {
  const name = `berth-fields-${systemIds.hex(8)}`
  const task = await start([{ mountPoints: [{ sourceVolume: name, containerPath: '/a' }] }], {
    volumes: [{ name, dockerVolumeConfiguration: { scope: 'shared' } }],
    pidMode: 'task',
  })
  const { stopCode, stoppedReason } = await reaches(task, 'STOPPED')
  assert.equal(stopCode, 'TaskFailedToStart')
  assert.match(
    stoppedReason ?? '',
    /^ResourceInitializationError: .*'berth-fields-\w+' does not exist and autoprovision is set to false$/,
  )
  assert.equal(await docker('GET', `/volumes/${name}`).catch(() => undefined), undefined)
})

test('a task has the cpu and memory that it asks for, altogether', LIMIT, async () => {
  const arn = await start(
    [
      { memory: 16, command: ['sleep', '600'] },
      // By itself it has no limit.
      {
        name: 'hog',
        essential: false,
        memory: undefined,
        memoryReservation: 8,
        command: ['tail', '/dev/zero'],
      },
    ],
    { cpu: '256', memory: '48' },
  )
  const hog = await until('the hog is killed', async () => {
    const { tasks } = await house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: [arn] })
    return tasks[0]?.containers.find(({ name, exitCode }) => name === 'hog' && exitCode)
  })
  assert.equal(hog.exitCode, 137)
  const id = arn.split('/').at(-1) ?? ''
  const group = (controller: string, file: string): string =>
    readFileSync(`/sys/fs/cgroup/${controller}/ecs/${id}/${file}`, 'utf8').trim()
  if (existsSync('/sys/fs/cgroup/memory')) {
    assert.equal(group('cpu', 'cpu.cfs_quota_us'), '25000')
    assert.equal(group('memory', 'memory.limit_in_bytes'), String(48 * MIB))
  } else {
    assert.equal(group('.', 'cpu.max'), '25000 100000')
    assert.equal(group('.', 'memory.max'), String(48 * MIB))
  }
  await house.api('StopTask', { task: arn })
  await reaches(arn, 'STOPPED')
})

test('pidMode and ipcMode share namespaces within the task, or with the host', LIMIT, async () => {
  const pair = await start(
    [
      {
        name: 'other',
        essential: false,
        command: ['sh', '-c', 'echo here > /dev/shm/word; exec sleep 612'],
      },
      {
        name: 'app',
        dependsOn: [{ containerName: 'other', condition: 'START' }],
        linuxParameters: { sharedMemorySize: 96 },
        command: [
          'sh',
          '-c',
          'until grep -q sleep.612 /proc/[0-9]*/cmdline && cat /dev/shm/word; do sleep 0.1; done; ' +
            'df -m /dev/shm | grep -q " 96 "',
        ],
      },
    ],
    { pidMode: 'task', ipcMode: 'task' },
  )
  const { containers } = await reaches(pair, 'STOPPED')
  assert.deepEqual(containers.map(({ name }) => name).toSorted(), ['app', 'other'])
  assert.equal(containers.find(({ name }) => name === 'app')?.exitCode, 0)
  for (const [field, member] of [
    ['pidMode', 'PidMode'],
    ['ipcMode', 'IpcMode'],
  ] as const) {
    const { inspection } = await printed('true', {}, { [field]: 'host' })
    assert.equal(inspection.HostConfig[member], 'host')
  }
  const none = await printed('ls /dev/shm || echo none', {}, { ipcMode: 'none' })
  assert.match(none.output, /none/)
})

test('networkMode host has the network of the host, none has nothing', LIMIT, async () => {
  const host = await printed('ls /sys/class/net', {}, { networkMode: 'host' })
  assert.match(host.output, /docker0/)
  const none = await printed('ls /sys/class/net', {}, { networkMode: 'none' })
  assert.equal(none.output, 'lo\n')
})
