/**
 * A disk that is full, and a disk that fails at a sync, under the real server: it ends rather than acknowledge what it
 * cannot keep, and everything that it did acknowledge is there when it comes back.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'

import { ecsApi } from '#cli/api.ts'

import { ACCOUNT_ID, Daemon, KEYS, REGION } from '../parity/house.ts'
import { patient } from '../patience.ts'

const LIMIT = { timeout: patient(120_000) }
const FATAL_EXIT = 70
/** Fails every sync while a file of this name is there. */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fails(void) { const char *flag = getenv("BROKEN_DISK"); return flag && access(flag, F_OK) == 0; }
int fsync(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  if (fails()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
`

type Place = { readonly root: string; readonly data: string; readonly servers: Daemon[] }

/** A folder for one test; its servers end and its disk is let go of before it is removed. */
function prepared(context: TestContext): Place {
  const root = mkdtempSync(join(tmpdir(), 'berth-disk-'))
  const place = { root, data: join(root, 'data'), servers: [] as Daemon[] }
  mkdirSync(place.data)
  context.after(async () => {
    for (const server of place.servers) await server.end('SIGKILL')
    if (readFileSync('/proc/mounts', 'utf8').includes(` ${place.data} `))
      execFileSync('umount', [place.data])
    rmSync(root, { recursive: true, force: true })
  })
  return place
}

/** A server on this data; the seal key is beside it, on a sound disk. */
async function serve({ root, data, servers }: Place, more: Readonly<Record<string, string>> = {}) {
  const server = new Daemon(
    [
      'server',
      '--data',
      data,
      '--port',
      '0',
      '--seal-key',
      join(root, 'seal-key'),
      '--account-id',
      ACCOUNT_ID,
      '--access-key-id',
      KEYS.accessKeyId,
    ],
    { ...process.env, BERTH_SECRET_ACCESS_KEY: KEYS.secretAccessKey, ...more },
  )
  servers.push(server)
  const { endpoint = '' } = await server.ready
  return { server, endpoint, api: ecsApi(endpoint, REGION, KEYS) }
}

/** Takes what room is left. */
function fill(data: string): void {
  const file = openSync(join(data, 'filler'), 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096, 'x'))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  } finally {
    closeSync(file)
  }
}

/** Registers task definitions until one is not acknowledged; gives the families that were. */
async function writeUntilRefused(
  api: ReturnType<typeof ecsApi>,
  from: string,
  broken?: (written: number) => void,
): Promise<readonly string[]> {
  const written: string[] = []
  const padding = 'x'.repeat(20_000)
  for (;;) {
    const family = `${from}-${written.length}`
    try {
      await api('RegisterTaskDefinition', {
        family,
        containerDefinitions: [
          { name: 'app', image: 'app', memory: 16, environment: [{ name: 'A', value: padding }] },
        ],
      })
    } catch {
      return written
    }
    written.push(family)
    broken?.(written.length)
  }
}

async function areThere(
  api: ReturnType<typeof ecsApi>,
  families: readonly string[],
): Promise<void> {
  assert.ok(families.length > 3)
  for (const family of families) {
    const { taskDefinition } = await api<{ taskDefinition: { revision: number } }>(
      'DescribeTaskDefinition',
      { taskDefinition: family },
    )
    assert.equal(taskDefinition.revision, 1, family)
  }
}

async function ended(server: Daemon): Promise<void> {
  if (server.child.exitCode === null) await once(server.child, 'exit')
  assert.equal(server.child.exitCode, FATAL_EXIT)
  assert.match(server.lines.join('\n'), /the control plane must end/)
}

test(
  'a full disk: the server ends, loses nothing, and goes on when there is room',
  LIMIT,
  async (context) => {
    const place = prepared(context)
    const { data } = place
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'berth-test', data])
    const first = await serve(place)
    const written = await writeUntilRefused(first.api, 'full')
    await ended(first.server)
    // On the full disk it comes up all the same: it says so, shows what it has, and takes nothing.
    fill(data)
    const full = await serve(place)
    await areThere(full.api, written)
    await assert.rejects(
      full.api('CreateCluster', { clusterName: 'new' }),
      /Nothing can be written/,
    )
    assert.match(full.server.lines.join('\n'), /make room and start the server again/)
    await full.server.end('SIGTERM')
    rmSync(join(data, 'filler'))
    execFileSync('mount', ['-o', 'remount,size=64m', data])
    const second = await serve(place)
    await areThere(second.api, written)
    const more = await writeUntilRefused(second.api, 'more', (count) => {
      if (count === 5) second.server.child.kill('SIGKILL')
    })
    const third = await serve(place)
    await areThere(third.api, [...written, ...more])
  },
)

test(
  'a disk that log events fill: they are refused while there is room for the state, which goes on',
  LIMIT,
  async (context) => {
    const place = prepared(context)
    const { data } = place
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'berth-test', data])
    const { api, endpoint, server } = await serve(place)
    const logs = new CloudWatchLogs({ endpoint, region: REGION, credentials: KEYS, maxAttempts: 1 })
    context.after(() => logs.destroy())
    const where = { logGroupName: 'g', logStreamName: 's' }
    await logs.createLogGroup(where)
    await logs.createLogStream(where)
    const message = 'x'.repeat(500_000)
    const put = () =>
      logs.putLogEvents({ ...where, logEvents: [{ timestamp: Date.now(), message }] })
    const unavailable = { name: 'ServiceUnavailableException' }
    let taken = 0
    await assert.rejects(async () => {
      for (; ; taken++) await put()
    }, unavailable)
    await assert.rejects(put(), unavailable)
    assert.ok(taken > 3)
    await api('CreateCluster', { clusterName: 'new' })
    const { logStreams } = await logs.describeLogStreams({ logGroupName: 'g' })
    assert.equal(logStreams?.length, 1)
    assert.equal(server.lines.filter((line) => line.includes('kept for the state')).length, 1)
    execFileSync('mount', ['-o', 'remount,size=64m', data])
    await put()
  },
)

test(
  'a sync that fails: the server ends before anybody hears of what is not kept',
  LIMIT,
  async (context) => {
    const place = prepared(context)
    const { root } = place
    const flag = join(root, 'broken')
    const shim = join(root, 'shim.so')
    writeFileSync(join(root, 'shim.c'), SHIM)
    execFileSync('gcc', ['-shared', '-fPIC', '-o', shim, join(root, 'shim.c'), '-ldl'])
    const first = await serve(place, { LD_PRELOAD: shim, BROKEN_DISK: flag })
    const written = await writeUntilRefused(first.api, 'io', (count) => {
      if (count === 10) writeFileSync(flag, '')
    })
    assert.equal(written.length, 10, 'nothing is acknowledged once syncs fail')
    await ended(first.server)
    rmSync(flag)
    const second = await serve(place)
    await areThere(second.api, written)
  },
)
