import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import type { HostPolicy } from '#wire/host-policy.ts'
import type { AcsTask } from '#wire/task.ts'

import { withDefaults } from '../host/protected.ts'
import { realPath } from '../host/real-path.ts'
import { checkRealPaths, hostProblem } from './host-use.ts'

const host = { realPath: (path: string) => realPath(path) }
const task = (more: Partial<AcsTask>): AcsTask => ({
  arn: 'arn',
  desiredStatus: 'RUNNING',
  containers: [{ name: 'app', image: 'image' }],
  ...more,
})
const withVolume = (sourcePath: string): AcsTask =>
  task({ volumes: [{ name: 'v', type: 'host', host: { sourcePath } }] })
const withHostConfig = (hostConfig: object): AcsTask =>
  task({
    containers: [
      { name: 'app', image: 'i', dockerConfig: { hostConfig: JSON.stringify(hostConfig) } },
    ],
  })

test("every agent keeps Berth's own and the engine's sockets from tasks, unless its operator names them", async () => {
  const kept = await withDefaults({}, ['/home/a/berth'], host)
  for (const path of [
    '/',
    '/run',
    '/var',
    '/var/run/docker.sock',
    '/home',
    '/home/a/berth/agent',
    '/proc',
    '/proc/sys',
  ])
    assert.match(
      hostProblem(withVolume(path), kept) ?? '',
      /^volumes\.host\.sourcePath \S+ is not allowed on this host \(BERTH_ALLOW_HOST_PATHS\)$/,
    )
  assert.equal(hostProblem(withVolume('/srv'), kept), undefined)
  const named: HostPolicy = { paths: { how: 'only', named: ['/var/run/docker.sock'] } }
  assert.equal(await withDefaults(named, ['/home/a/berth'], host), named)
  assert.equal(hostProblem(withVolume('/var/run/docker.sock'), named), undefined)
})

test('each way to the host is refused by its name', () => {
  const none = { how: 'only', named: [] } as const
  const policy = { paths: none, devices: none, capabilities: none, namespaces: none }
  const undeclared = [{ sourceVolume: '/etc', containerPath: '/x' }]
  for (const [asking, words] of [
    [task({ networkMode: 'host' }), /networkMode host.*BERTH_ALLOW_HOST_NAMESPACES/],
    [withHostConfig({ NetworkMode: 'host' }), /networkMode host/],
    [task({ pidMode: 'host' }), /pidMode host/],
    [task({ ipcMode: 'host' }), /ipcMode host/],
    [withHostConfig({ CapAdd: ['SYS_ADMIN'] }), /capabilities\.add SYS_ADMIN.*BERTH_ALLOW_CAPAB/],
    [withHostConfig({ SecurityOpt: ['seccomp=unconfined'] }), /SecurityOptions SECCOMP=UNCONFINED/],
    [
      withHostConfig({ LogConfig: { Type: 'syslog', Config: { a: 'unix:///run/docker.sock' } } }),
      /logConfiguration\.options \/run\/docker\.sock/,
    ],
    [
      withHostConfig({ LogConfig: { Type: 'splunk', Config: { 'splunk-url': 'http://[::1]:1' } } }),
      /logConfiguration\.options network:::1 .*BERTH_ALLOW_HOST_NAMESPACES/,
    ],
    [withHostConfig({ Devices: [{ PathOnHost: '/dev/sda' }] }), /\/dev\/sda.*BERTH_ALLOW_DEVICES/],
    [task({ containers: [{ name: 'a', image: 'i', mountPoints: undeclared }] }), /\/etc/],
  ] as const) {
    assert.match(hostProblem(asking, policy) ?? '', words)
    assert.equal(hostProblem(asking, {}), undefined)
  }
  assert.equal(hostProblem(task({ networkMode: 'bridge', pidMode: 'task' }), policy), undefined)
})

test('an image of another registry than those that the operator names is refused by its name', () => {
  const of = (image: string, policy: HostPolicy) =>
    hostProblem(task({ containers: [{ name: 'app', image }] }), policy)
  const hub: HostPolicy = { registries: { how: 'only', named: ['docker.io'] } }
  assert.equal(
    of('127.0.0.1:5999/x:1', hub),
    'image 127.0.0.1:5999 is not allowed on this host (BERTH_ALLOW_REGISTRIES)',
  )
  assert.equal(of('127.0.0.1:5999/x:1', {}), undefined)
  assert.equal(of('app', hub), undefined)
  const id = `sha256:${'0a'.repeat(32)}`
  assert.equal(of(id, hub), `image ${id} is not allowed on this host (BERTH_ALLOW_REGISTRIES)`)
  assert.equal(of(id, {}), undefined)
})

test('a link leads nowhere else than its path', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'berth-use-'))
  context.after(() => rmSync(root, { recursive: true }))
  symlinkSync('loop', join(root, 'loop'))
  for (const folder of ['mine', 'secret']) mkdirSync(join(root, folder))
  symlinkSync('../secret', join(root, 'mine', 'way'))
  symlinkSync(join(root, 'secret', 'later'), join(root, 'mine', 'later'))
  symlinkSync('mine', join(root, 'ours'))
  const check = (path: string, policy: HostPolicy) =>
    checkRealPaths(withVolume(join(root, path)), policy, host)
  const kept: HostPolicy = { paths: { how: 'all-but', named: [join(root, 'secret')] } }
  await check('mine/new', kept)
  for (const path of ['mine/way', 'mine/way/x', 'mine/later'])
    await assert.rejects(check(path, kept), {
      name: 'CannotCreateContainerError',
      message: new RegExp(
        `^volumes.host.sourcePath ${root}/${path}, which is ${root}/secret.*, is`,
      ),
    })
  await assert.rejects(
    check('loop', kept),
    /^CannotCreateContainerError: .* nobody knows where: .*symbolic links/,
  )
  // What the operator names may be a link itself.
  const only: HostPolicy = { paths: { how: 'only', named: [join(root, 'ours')] } }
  await check('ours/new', only)
  await assert.rejects(check('ours/way', only), /secret/)
})
