import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  asksOf,
  describeAsk,
  type HostPolicy,
  type HostUse,
  policyAttributes,
  policyOf,
  refusedAsk,
} from './host-policy.ts'
import { forgingOption } from './log-options.ts'

const NOTHING: HostUse = { sourcePaths: [], driverOpts: [], capabilities: [], devices: [] }
const refused = (policy: HostPolicy, use: Partial<HostUse>): string | undefined => {
  const ask = refusedAsk(policy, asksOf({ ...NOTHING, ...use }))
  return ask && describeAsk(ask)
}

const KEPT: HostPolicy = {
  paths: { how: 'all-but', named: ['/run/docker.sock', '/home/a/.config/berth'] },
}
const only = (...named: readonly string[]): HostPolicy => ({ paths: { how: 'only', named } })
const ONLY = only('/srv/data', '/var/run/docker.sock')

for (const [what, policy, no, yes] of [
  [
    'what is kept from tasks is kept with all that is in it and all that it is in',
    KEPT,
    ['/run/docker.sock', '/run', '/', '//', '/run/', '/home/a', '/home/a/.config/berth/keys/x.key'],
    ['/srv', '/run/dockerless', '/home/ab', '/home/a/.config/other'],
  ],
  [
    'a list of what is allowed allows nothing else, and may name what is kept otherwise',
    ONLY,
    ['/', '/srv', '/srv/data2', '/srv/data/../x', '/var/run'],
    ['/srv/data', '/srv/data/x', '/var/run/docker.sock'],
  ],
  ['a list of nothing allows nothing', only(), ['/etc'], []],
  [
    'the root stands for all but processes',
    only('/'),
    ['/proc', '/proc/sys', '/proc/1'],
    ['/etc', '/process'],
  ],
  [
    'processes are allowed by their own name only',
    only('/proc/sys'),
    ['/proc'],
    ['/proc/sys', '/proc/sys/net'],
  ],
] as const)
  test(what, () => {
    for (const path of no)
      assert.match(
        refused(policy, { sourcePaths: [path] }) ?? '',
        /^volumes\.host\.sourcePath \//,
        path,
      )
    for (const path of yes) assert.equal(refused(policy, { sourcePaths: [path] }), undefined, path)
  })

test('a volume driver mounts no more of the host than a bind', () => {
  for (const options of [
    { type: 'none', o: 'bind', device: '/run' },
    { o: 'rbind,ro', device: '//run' },
    { type: 'overlay', o: 'lowerdir=/srv:/run,upperdir=/srv/u,workdir=/srv/w', device: 'overlay' },
  ])
    assert.match(refused(KEPT, { driverOpts: [options] }) ?? '', /driverOpts \/run/, options.o)
  for (const options of [
    {},
    { size: '1g' },
    { type: 'none', o: 'bind', device: '/srv' },
    { type: 'nfs', o: 'addr=10.0.0.1,rw,nfsvers=4,soft', device: ':/run' },
    { type: 'cifs', o: 'username=a,password=p@ss!', device: '//run/share' },
    { type: 'tmpfs', o: 'size=1m,uid=7,noexec', device: 'tmpfs' },
    { type: 'overlay', o: 'lowerdir=/srv/a:/srv/b', device: 'overlay' },
  ])
    assert.equal(refused(KEPT, { driverOpts: [options] }), undefined, JSON.stringify(options))
})

test('options of a volume that are of no known form are refused as they are written', () => {
  for (const options of [
    { type: 'none', o: 'bind', device: '../../home/a' },
    { type: 'none', o: 'bind', device: 'home' },
    { type: 'none', o: 'bind', device: '/srv/../home/a' },
    { type: 'none', o: 'bind', device: '/srv/./x' },
    { type: 'none', o: 'bind', device: '/ho\\me/a' },
    { type: 'none', o: 'bind', device: '' },
    { type: 'none', o: 'bind,remount', device: '/srv' },
    { type: 'none', o: 'ro', device: '/srv' },
    { type: 'tmpfs', o: 'rbind', device: '../..' },
    { type: 'tmpfs', o: 'size=1m,bind', device: '/run' },
    { type: 'TMPFS', device: 'proc' },
    { type: 'nfs', o: 'ro,rbind', device: '/run' },
    { type: 'nfs', o: 'bind,addr=1', device: ':/run' },
    { type: 'nfs', device: '/run' },
    { type: 'overlay', o: 'lowerdir=\\/run:/srv', device: 'overlay' },
    { type: 'overlay', o: 'lowerdir=/ru\\n', device: 'overlay' },
    { type: 'overlay', o: 'lowerdir=../../run:/srv', device: 'overlay' },
    { type: 'overlay', o: 'lowerdir=/srv::/srv/x', device: 'overlay' },
    { type: 'overlay', o: 'lowerdir+=/srv', device: 'overlay' },
    { type: 'overlay', o: 'lowerdir=/srv,bind', device: '/run' },
    { type: 'cifs', o: 'credentials=/home/a/.config/berth/x', device: '//server/share' },
    { type: 'ext4', device: '/dev/sda1' },
    { type: 'proc', device: 'proc' },
    { type: 'none', o: 'bind', device: '/srv', mountpoint: '/run' },
  ])
    for (const policy of [KEPT, only('/')])
      assert.match(
        refused(policy, { driverOpts: [options] }) ?? '',
        /^volumes\.dockerVolumeConfiguration\.driverOpts type=/,
        JSON.stringify(options),
      )
})

test('what only the kernel can say where it leads is refused', () => {
  const all = only('/', '/proc')
  for (const path of [
    '/srv/..',
    '/srv/../srv/data',
    '/srv/data/../../etc',
    '/../srv',
    '/run/docker.sock:/x',
    '/proc/1/root',
    '/proc/self/root/srv',
    '/proc/1/task/1/cwd/x',
    '/proc/1/fd/3',
    '/proc//1/./exe',
  ])
    for (const policy of [KEPT, ONLY, all])
      assert.ok(refused(policy, { sourcePaths: [path] }), path)
  assert.equal(refused(all, { sourcePaths: ['/srv/..data/x..'] }), undefined)
  const device: HostPolicy = { devices: { how: 'only', named: ['/'] } }
  for (const path of ['/dev/../etc', 'dev/sda', '/proc/1/root/dev/sda'])
    assert.ok(refused(device, { devices: [path] }), path)
})

test('capabilities, namespaces and devices are refused by their names', () => {
  const policy: HostPolicy = {
    capabilities: { how: 'only', named: ['NET_ADMIN'] },
    namespaces: { how: 'only', named: ['network'] },
    devices: { how: 'only', named: ['/dev/fuse'] },
  }
  const use = { networkMode: 'host', capabilities: ['cap_net_admin'], devices: ['/dev/fuse'] }
  assert.equal(refused(policy, use), undefined)
  assert.equal(refused(policy, { capabilities: ['ALL'] }), 'linuxParameters.capabilities.add ALL')
  assert.equal(refused(policy, { pidMode: 'host' }), 'pidMode host')
  assert.equal(refused(policy, { ipcMode: 'task' }), undefined)
  assert.equal(
    refused(policy, { devices: ['/dev//./sda'] }),
    'linuxParameters.devices.hostPath /dev/sda',
  )
  const all: HostPolicy = { capabilities: { how: 'only', named: ['ALL'] } }
  assert.equal(refused(all, { capabilities: ['SYS_ADMIN'] }), undefined)
})

test('attributes say the policy, and never half of what is allowed', () => {
  const back = (policy: HostPolicy): HostPolicy =>
    policyOf(new Map(policyAttributes(policy).map(({ name, value = '' }) => [name, value])))
  for (const policy of [{}, KEPT, { ...ONLY, namespaces: { how: 'only', named: [] } } as const])
    assert.deepEqual(back(policy), policy)
  assert.deepEqual(back(only('/srv', '/with a space')), {})
  const kept = { paths: { how: 'all-but', named: ['/with a space', '/run'] } } as const
  assert.deepEqual(back(kept), { paths: { how: 'all-but', named: ['/run'] } })
})

test('every security option but no-new-privileges is a capability', () => {
  const none: HostPolicy = { capabilities: { how: 'only', named: [] } }
  for (const option of [
    'seccomp:unconfined',
    'seccomp=unconfined ',
    'apparmor=unconfined',
    'systempaths=unconfined',
    'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}',
    'apparmor=of-somebody',
    'label:disable',
    'label=type:spc_t',
    'no-new-privileges:false',
    'no-new-privileges=0',
    '',
  ])
    assert.match(refused(none, { securityOptions: [option] }) ?? '', /^dockerSecurityOptions /)
  for (const option of ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true'])
    assert.equal(refused(none, { securityOptions: [option] }), undefined)
  const named: HostPolicy = { capabilities: { how: 'only', named: ['LABEL:TYPE:WEB_T'] } }
  assert.equal(refused(named, { securityOptions: ['label:type:web_t'] }), undefined)
})

const logging = (driver: string, options: Readonly<Record<string, string>> = {}) => ({
  logging: [{ driver, options }],
})

test('the socket that a log goes to, and the files that its driver reads, are paths', () => {
  for (const address of [
    'unix:///run/docker.sock',
    'UNIX:///run/./docker.sock',
    'unixgram:///run/docker.sock',
    'unix:///srv/../run/docker.sock',
    'unix:///run/docker%2esock',
    'unix://run/docker.sock',
  ])
    assert.match(refused(KEPT, logging('x', { address })) ?? '', /^logConfiguration\.options /)
  for (const address of ['unix:///dev/log', 'udp://10.0.0.1:514', '/run'])
    assert.equal(refused(KEPT, logging('x', { address })), undefined, address)
  const key = '/home/a/.config/berth/x'
  for (const [driver, option] of [
    ['syslog', 'syslog-tls-key'],
    ['syslog', 'syslog-tls-cert'],
    ['syslog', 'syslog-tls-ca-cert'],
    ['splunk', 'splunk-capath'],
  ] as const) {
    assert.equal(
      refused(KEPT, logging(driver, { [option]: key })),
      `logConfiguration.options ${key}`,
    )
    assert.ok(refused(KEPT, logging(driver, { [option]: 'home/a/.config/berth/x' })))
    assert.equal(refused(KEPT, logging(driver, { [option]: '/etc/ssl/ca.pem' })), undefined)
    assert.equal(refused(KEPT, logging(driver, { [option]: '' })), undefined)
  }
  assert.equal(refused(only(), logging('syslog')), 'logConfiguration.options /dev/log')
  assert.match(refused(only(), logging('journald')) ?? '', /journal\/socket$/)
  assert.equal(
    refused(only(), logging('syslog', { 'syslog-address': 'udp://logs:514' })),
    undefined,
  )
})

test("the servers that a log goes to are of the host's network, each by its name", () => {
  const servers = (...named: readonly string[]): HostPolicy => ({
    namespaces: { how: 'only', named },
  })
  const said = (driver: string, options: Readonly<Record<string, string>>, policy = servers()) =>
    refused(policy, logging(driver, options))?.replace('logConfiguration.options network:', '')
  for (const [driver, options, server] of [
    ['syslog', { 'syslog-address': 'tcp://127.0.0.1:7777' }, '127.0.0.1'],
    ['syslog', { 'syslog-address': 'tcp+tls://[::1]:7777' }, '::1'],
    ['gelf', { 'gelf-address': 'udp://Localhost:1' }, 'localhost'],
    ['fluentd', { 'fluentd-address': '169.254.169.254:80' }, '169.254.169.254'],
    ['fluentd', {}, '127.0.0.1'],
    ['splunk', { 'splunk-url': 'https://splunk.example.com:8088' }, 'splunk.example.com'],
    ['splunk', { 'splunk-url': 'http://a.example@127.0.0.1:80' }, 'http://a.example@127.0.0.1:80'],
    ['gelf', { 'gelf-address': 'tcp://a.example%00:80' }, 'tcp://a.example%00:80'],
  ] as const) {
    assert.equal(said(driver, options), server)
    assert.equal(said(driver, options, servers('network')), undefined)
    assert.equal(said(driver, options, {}), undefined)
  }
  const splunk = { 'splunk-url': 'https://splunk.example.com:8088' }
  assert.equal(said('splunk', splunk, servers('network:splunk.example.com')), undefined)
  assert.ok(said('splunk', splunk, servers('network:example.com')))
  assert.equal(refused(servers('network:a'), { networkMode: 'host' }), 'networkMode host')
  // These write to the engine's own files, or are the agent's.
  for (const [driver, options] of [
    ['json-file', { 'max-size': '1m', tag: 'a://b' }],
    ['awslogs', { 'awslogs-endpoint': 'http://127.0.0.1:4711' }],
    ['', {}],
  ] as const)
    assert.equal(said(driver, options), undefined)
})

test('an option by which a task writes lines of its own into a log is named', () => {
  for (const [driver, options, option] of [
    ['syslog', { tag: 'x\nsshd: y' }, 'tag'],
    ['gelf', { 'gelf-address': 'tcp://a:1', labels: 'a\u0000' }, 'labels'],
    ['syslog', { tag: '{{.Name}}/{{ .ImageName }}' }, undefined],
    ['awslogs', { 'awslogs-multiline-pattern': '^\t' }, undefined],
  ] as const)
    assert.equal(forgingOption({ driver, options }), option)
})
