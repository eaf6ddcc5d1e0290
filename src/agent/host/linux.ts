/** The machine that the agent runs on. */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'

import type { Engine } from '../engine.ts'
import type { Host, HostInfo, PortRange, TaskLimits } from '../host.ts'
import { BUSYBOX, isStatic } from './busybox.ts'
import { controllerMounts, groupPlan, type GroupStep, type Hierarchy } from './control-groups.ts'
import { listen } from './listen.ts'
import { realPath } from './real-path.ts'

const COMMAND_TIMEOUT_MS = 30_000
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024
/** Where the kernel does not say. */
const DYNAMIC_PORTS: PortRange = { first: 49_153, last: 65_535 }
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
/** Version 1 says "no limit" by a number near 2^63. */
const LIMIT_BYTES_MAX = 2 ** 60

export class LinuxHost implements Host {
  readonly #engine: Engine
  readonly #gpuInfoPath: string | undefined
  #hierarchy: Promise<Hierarchy | undefined> | undefined

  /** The engine says how it makes control groups: a task's must be made the same way. */
  constructor(engine: Engine, gpuInfoPath?: string) {
    this.#engine = engine
    this.#gpuInfoPath = gpuInfoPath
  }

  async info(): Promise<HostInfo> {
    const hierarchy = await this.#groups()
    const usable =
      hierarchy !== undefined && (hierarchy.driver === 'systemd' || (await writable(hierarchy)))
    return {
      taskGroups: usable,
      pause: isStatic(BUSYBOX),
      memoryLimitBytes: hierarchy && (await memoryLimit(hierarchy)),
      dynamicPorts: await dynamicPorts(),
      bootId: (await readFile(BOOT_ID, 'utf8').catch(() => '')).trim() || undefined,
      gpuIds: this.#gpuInfoPath === undefined ? [] : await gpuIds(this.#gpuInfoPath),
    }
  }

  async makeTaskGroup(taskId: string, limits: TaskLimits): Promise<string> {
    const { parent, make } = groupPlan(await this.#needGroups(), taskId, limits)
    for (const step of make) await carryOut(step)
    return parent
  }

  async removeTaskGroup(taskId: string): Promise<void> {
    const { remove } = groupPlan(await this.#needGroups(), taskId, {})
    for (const step of remove) await carryOut(step)
  }

  async pauseArchive(): Promise<Buffer> {
    const { stdout } = await promisify(execFile)(
      'tar',
      ['-C', dirname(BUSYBOX), '-cf', '-', basename(BUSYBOX)],
      { encoding: 'buffer', maxBuffer: ARCHIVE_BYTES_MAX, timeout: COMMAND_TIMEOUT_MS },
    )
    return stdout
  }

  async ownAddress(address: string): Promise<void> {
    const owned = Object.values(networkInterfaces()).flat()
    if (owned.some((one) => one?.address === address)) return
    const command = ['addr', 'replace', `${address}/32`, 'dev', 'lo']
    await promisify(execFile)('ip', command, { timeout: COMMAND_TIMEOUT_MS })
  }

  listen = listen
  realPath = (path: string): Promise<string> => realPath(path)

  async isPortFree(port: number, protocol: 'tcp' | 'udp'): Promise<boolean> {
    return protocol === 'tcp' ? isTcpPortFree(port) : isUdpPortFree(port)
  }

  async #needGroups(): Promise<Hierarchy> {
    const hierarchy = await this.#groups()
    if (!hierarchy) throw new Error('this machine has no control groups')
    return hierarchy
  }

  #groups(): Promise<Hierarchy | undefined> {
    this.#hierarchy ??= this.#findGroups().catch((error: unknown) => {
      // The engine may only be starting.
      this.#hierarchy = undefined
      throw error
    })
    return this.#hierarchy
  }

  async #findGroups(): Promise<Hierarchy | undefined> {
    const { cgroupDriver, cgroupVersion } = await this.#engine.info()
    const mounts = controllerMounts(await readFile('/proc/mounts', 'utf8').catch(() => ''))
    if (Object.keys(mounts).length === 0) return undefined
    return { driver: cgroupDriver, version: cgroupVersion, mounts }
  }
}

async function carryOut(step: GroupStep): Promise<void> {
  switch (step.type) {
    case 'mkdir':
      await mkdir(step.path, { recursive: true })
      return
    case 'write':
      await writeFile(step.path, step.text)
      return
    case 'run': {
      const [program = '', ...rest] = step.command
      const run = promisify(execFile)(program, rest, { timeout: COMMAND_TIMEOUT_MS })
      await (step.optional ? run.catch(() => {}) : run)
      return
    }
    case 'rmdir':
      await rmdir(step.path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
  }
}

/** Whether this process may make groups: it makes the folder that all tasks' groups are in. */
async function writable({ version, mounts }: Hierarchy): Promise<boolean> {
  const root = version === 1 ? mounts['memory'] : mounts['unified']
  if (root === undefined || (version === 1 && mounts['cpu'] === undefined)) return false
  try {
    await mkdir(`${root}/ecs`, { recursive: true })
    return true
  } catch {
    return false
  }
}

async function memoryLimit({ version, mounts }: Hierarchy): Promise<number | undefined> {
  const path =
    version === 1
      ? `${mounts['memory'] ?? ''}/memory.limit_in_bytes`
      : `${mounts['unified'] ?? ''}/memory.max`
  const bytes = Number((await readFile(path, 'utf8').catch(() => '')).trim() || Number.NaN)
  return bytes > 0 && bytes < LIMIT_BYTES_MAX ? bytes : undefined
}

async function dynamicPorts(): Promise<PortRange> {
  const path = '/proc/sys/net/ipv4/ip_local_port_range'
  const [first, last] = (await readFile(path, 'utf8').catch(() => ''))
    .trim()
    .split(/\s+/)
    .map(Number)
  return first && last && first < last ? { first, last } : DYNAMIC_PORTS
}

/** The file is Amazon's: whoever sets up the driver writes it. */
async function gpuIds(path: string): Promise<readonly string[]> {
  const { GPUIDs } = JSON.parse(await readFile(path, 'utf8')) as { GPUIDs?: unknown }
  if (!Array.isArray(GPUIDs)) throw new Error(`${path} has no list GPUIDs`)
  return GPUIDs.map(String)
}

function isTcpPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () =>
      server.close(() => resolve(true)),
    )
  })
}

function isUdpPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () =>
      socket.close(() => resolve(true)),
    )
  })
}
