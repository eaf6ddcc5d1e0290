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
const ONLY: HostPolicy = { paths: { how: 'only', named: ['/srv/data', '/var/run/docker.sock'] } }

test('what is kept from tasks is kept with all that is in it and all that it is in', () => {
  for (const path of [
    '/run/docker.sock',
    '/run',
    '/',
    '//',
    '/run/',
    '/srv/../run',
    '/home/a',
    '/home/a/.config/berth/keys/x.key',
  ])
    assert.match(
      refused(KEPT, { sourcePaths: [path] }) ?? '',
      /^volumes\.host\.sourcePath \//,
      path,
    )
  for (const path of ['/srv', '/run/dockerless', '/home/ab', '/home/a/.config/other'])
    assert.equal(refused(KEPT, { sourcePaths: [path] }), undefined, path)
})

test('a list of what is allowed allows nothing else, and may name what is kept otherwise', () => {
  for (const path of ['/srv/data', '/srv/data/x', '/var/run/docker.sock'])
    assert.equal(refused(ONLY, { sourcePaths: [path] }), undefined, path)
  for (const path of ['/', '/srv', '/srv/data2', '/srv/data/../x', '/var/run'])
    assert.ok(refused(ONLY, { sourcePaths: [path] }), path)
  assert.equal(
    refused({ paths: { how: 'only', named: ['/'] } }, { sourcePaths: ['/etc'] }),
    undefined,
  )
  assert.ok(refused({ paths: { how: 'only', named: [] } }, { sourcePaths: ['/etc'] }))
})

test('a volume driver mounts no more of the host than a bind', () => {
  for (const options of [
    { type: 'none', o: 'bind', device: '/run' },
    { type: 'nfs', o: 'ro,rbind', device: '//run' },
    { o: 'bind', device: '/srv/../run' },
    { type: 'overlay', o: 'lowerdir=/srv:/run,upperdir=/srv/u,workdir=/srv/w', device: 'overlay' },
    { type: 'cifs', o: 'credentials=/home/a/.config/berth/x', device: '//server/share' },
  ])
    assert.match(refused(KEPT, { driverOpts: [options] }) ?? '', /driverOpts \//, options.o)
  for (const options of [
    {},
    { type: 'none', o: 'bind', device: '/srv' },
    { type: 'nfs', o: 'addr=10.0.0.1,rw', device: ':/run' },
    { type: 'cifs', o: 'username=a', device: '//run/share' },
    { type: 'tmpfs', o: 'size=1m', device: 'tmpfs' },
  ])
    assert.equal(refused(KEPT, { driverOpts: [options] }), undefined, options.device)
  const none: HostPolicy = { devices: { how: 'only', named: [] } }
  assert.ok(refused(none, { driverOpts: [{ type: 'ext4', device: '/dev/sda1' }] }))
  assert.ok(refused(none, { driverOpts: [{ type: 'proc' }] }))
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
    refused(policy, { devices: ['/dev/../dev/sda'] }),
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
  assert.deepEqual(back({ paths: { how: 'only', named: ['/srv', '/with a space'] } }), {})
  const kept = { paths: { how: 'all-but', named: ['/with a space', '/run'] } } as const
  assert.deepEqual(back(kept), { paths: { how: 'all-but', named: ['/run'] } })
})
