/** What Berth needs on a machine: how it is found, and how it is installed or what the user is told. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { dirname } from 'node:path'

import { BUSYBOX, isStatic } from '#agent/host/busybox.ts'

import { DEFAULT_SOCKET, dockerSocket } from './docker-socket.ts'
import { UserError, wordsFor } from './user-error.ts'

/** The oldest Engine API that the agent speaks. */
const API_VERSION_MIN = 41

export type Finding = {
  readonly name: string
  readonly ok: boolean
  /** A version, or what is wrong. */
  readonly detail: string
  /** What to do about it; absent when nothing is to do. */
  readonly remedy?: string
  /** Nothing of the main job needs it. */
  readonly optional?: boolean
}

export const canInstall = (): boolean =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')

const DEBIAN = 'on Debian or Ubuntu, as root: '

export async function dockerFinding(): Promise<Finding> {
  const name = 'Docker Engine'
  let socket = ''
  try {
    socket = dockerSocket()
  } catch (error) {
    return { name, ok: false, detail: 'not of this machine', remedy: wordsFor(error) ?? '' }
  }
  const version = await engineVersion(socket)
  if (typeof version === 'object') {
    const ok = Number(version.ApiVersion.split('.')[1]) >= API_VERSION_MIN
    const detail = `${version.Version} (API ${version.ApiVersion})`
    return ok ? { name, ok, detail } : { name, ok, detail, remedy: 'update it to 20.10 or later' }
  }
  const detail = version === 'EACCES' ? 'not allowed' : 'not running'
  if (socket !== DEFAULT_SOCKET)
    return { name, ok: false, detail: `${detail} at ${socket}`, remedy: 'DOCKER_HOST names it' }
  if (!existsSync('/usr/bin/dockerd') && !existsSync('/usr/sbin/dockerd'))
    return {
      name,
      ok: false,
      detail: 'not installed',
      remedy: `${DEBIAN}apt-get install docker.io`,
    }
  const remedy =
    version === 'EACCES'
      ? 'add your user to the group docker (usermod -aG docker $USER) and log in again'
      : 'start it: systemctl start docker, or dockerd as root'
  return { name, ok: false, detail, remedy }
}

type EngineVersion = { readonly Version: string; readonly ApiVersion: string }

/** The engine's version, or the code of the error that hides it. */
function engineVersion(socketPath: string): Promise<EngineVersion | string> {
  return new Promise((done) => {
    const call = request({ socketPath, path: '/version', timeout: 5000 }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => done(versionIn(text)))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'))
    call.end()
  })
}

/** Something else than an engine may answer on its socket. */
function versionIn(text: string): EngineVersion | string {
  try {
    const version = JSON.parse(text) as Partial<EngineVersion>
    return version.ApiVersion ? (version as EngineVersion) : 'error'
  } catch {
    return 'error'
  }
}

/** The hello image is made of it, and the one that holds what a task's containers share. */
export function busyboxFinding(): Finding {
  const name = 'busybox (static)'
  if (isStatic(BUSYBOX)) return { name, ok: true, detail: BUSYBOX, optional: true }
  return {
    name,
    ok: false,
    optional: true,
    detail: 'not installed',
    remedy: `${DEBIAN}apt-get install busybox-static (the hello task needs it, and pidMode and ipcMode "task")`,
  }
}

export function awsFinding(): Finding {
  const name = 'aws CLI'
  const { stdout } = spawnSync('aws', ['--version'], { encoding: 'utf8' })
  if (stdout) return { name, ok: true, optional: true, detail: stdout.trim().split(' ')[0] ?? '' }
  return {
    name,
    ok: false,
    optional: true,
    detail: 'not found',
    remedy: `any version will do; ${DEBIAN}apt-get install awscli`,
  }
}

export function nodeFinding(): Finding {
  return { name: 'Node.js', ok: true, detail: process.version }
}

export function dataFinding(directory: string): Finding {
  const name = 'data directory'
  const isThere = existsSync(directory)
  let place = directory
  while (!existsSync(place)) place = dirname(place)
  try {
    accessSync(place, constants.R_OK | constants.W_OK)
    if (!statSync(place).isDirectory()) throw new Error(`${place} is a file`)
    return { name, ok: true, detail: `${directory}${isThere ? '' : ' (made by the first start)'}` }
  } catch {
    return {
      name,
      ok: false,
      detail: `${directory} cannot be written`,
      remedy: 'name another with --data or BERTH_DATA',
    }
  }
}

/** Installs Debian packages; of the output only the last line is said, and only when it fails. */
export function aptInstall(packages: readonly string[]): void {
  const run = (args: readonly string[]): void => {
    const { status, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0)
      throw new UserError(`apt-get ${args[0]} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`)
  }
  run(['update', '-qq'])
  run(['install', '-y', '-qq', '--no-install-recommends', ...packages])
}
