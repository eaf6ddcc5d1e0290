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

test('what takes a guard from a container is a capability; the socket that a log goes to is a path', () => {
  const none: HostPolicy = { capabilities: { how: 'only', named: [] } }
  for (const option of ['seccomp:unconfined', 'apparmor=unconfined', 'systempaths=unconfined'])
    assert.match(refused(none, { securityOptions: [option] }) ?? '', /^dockerSecurityOptions /)
  assert.equal(refused(none, { securityOptions: ['no-new-privileges'] }), undefined)
  for (const address of [
    'unix:///run/docker.sock',
    'UNIX:///run/./docker.sock',
    'unixgram:///run/docker.sock',
    'unix:///srv/../run/docker.sock',
    'unix:///run/docker%2esock',
    'unix://run/docker.sock',
  ])
    assert.match(refused(KEPT, { logOptions: [{ address }] }) ?? '', /^logConfiguration\.options /)
  for (const address of ['unix:///dev/log', 'udp://10.0.0.1:514', '/run'])
    assert.equal(refused(KEPT, { logOptions: [{ address }] }), undefined, address)
})
