/** Bounds of a container definition's numbers and lists. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest, Tmpfs } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'
import { checkKnown } from './known.ts'

const STOP_TIMEOUT_FARGATE_MAX_S = 120
const TIMEOUT_MIN_S = 2
const IGNORED_EXIT_CODES_MAX = 50
const ENVIRONMENT_FILES_MAX = 10
const IPC_CONTROLS =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/
const ULIMITS = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)
const CAPABILITIES = new Set(
  `ALL AUDIT_CONTROL AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER
  KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP
  SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO
  SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`.split(/\s+/),
)
/** Some have a value: `mode=1777`. */
const MOUNT_OPTIONS = new Set(
  `defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime
  nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime
  strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol`.split(/\s+/),
)
const DEVICE_PERMISSIONS: readonly string[] = ['read', 'write', 'mknod']

export function checkLimits(
  container: ContainerDefinition,
  task: RegisterTaskDefinitionRequest,
  fargate: boolean,
): void {
  timeouts(container, fargate)
  healthCheck(container)
  restartPolicy(container)
  linux(container)
  systemControls(container, task)
  secrets(container, task)
  if (
    container.firelensConfiguration &&
    !['fluentd', 'fluentbit'].includes(container.firelensConfiguration.type)
  )
    throw clientException(`Invalid firelensConfiguration type for container '${container.name}'.`)
}

const between = (value: number | undefined, min: number, max: number): boolean =>
  value === undefined || (Number.isInteger(value) && value >= min && value <= max)

function timeouts(
  { name, startTimeout, stopTimeout }: ContainerDefinition,
  fargate: boolean,
): void {
  const max = fargate ? STOP_TIMEOUT_FARGATE_MAX_S : Number.MAX_SAFE_INTEGER
  const check = (value: number | undefined, which: 'start' | 'stop') => {
    if (value === undefined) return
    if (value < TIMEOUT_MIN_S)
      throw clientException(
        `Granular ${which} timeout on container '${name}' must be at least ${TIMEOUT_MIN_S} seconds.`,
      )
    if (value > max)
      throw clientException(
        `Granular ${which} timeout on container '${name}' must be at most ${max} seconds.`,
      )
  }
  check(startTimeout, 'start')
  check(stopTimeout, 'stop')
}

function healthCheck({ name, healthCheck: check }: ContainerDefinition): void {
  if (!check) return
  const bad = (what: string) =>
    clientException(`Invalid healthCheck ${what} for container '${name}'.`)
  if (!hasWords(check.command)) throw bad('command')
  if (!between(check.interval, 5, 300)) throw bad('interval')
  if (!between(check.timeout, 2, 60)) throw bad('timeout')
  if (!between(check.retries, 1, 10)) throw bad('retries')
  if (!between(check.startPeriod, 0, 300)) throw bad('startPeriod')
}

/** Without a word that says how, all of it is the command. */
function hasWords([first = '', ...more]: readonly string[]): boolean {
  return first === 'CMD' || first === 'CMD-SHELL' ? more.length > 0 : first !== ''
}

function restartPolicy({ name, restartPolicy: policy }: ContainerDefinition): void {
  if (!policy) return
  if (!between(policy.restartAttemptPeriod, 60, 1800))
    throw clientException(
      `Invalid restartPolicy restartAttemptPeriod for container '${name}'. It must be between 60 and 1800 seconds.`,
    )
  if ((policy.ignoredExitCodes?.length ?? 0) > IGNORED_EXIT_CODES_MAX)
    throw clientException(
      `Invalid restartPolicy ignoredExitCodes for container '${name}'. At most ${IGNORED_EXIT_CODES_MAX} are allowed.`,
    )
}

function linux({ name, linuxParameters: linux, ulimits }: ContainerDefinition): void {
  for (const { name: limit, softLimit, hardLimit } of ulimits ?? []) {
    if (!ULIMITS.has(limit)) throw clientException(`Unrecognized ulimit name ${limit}`)
    if (atMost(softLimit) > atMost(hardLimit))
      throw clientException(
        `Ulimit '${limit}' of container '${name}': soft limit is above the hard limit.`,
      )
  }
  if (!linux) return
  for (const permission of linux.devices?.flatMap(({ permissions = [] }) => permissions) ?? [])
    checkKnown('device permission', permission, DEVICE_PERMISSIONS, `for container '${name}'`)
  for (const capability of [
    ...(linux.capabilities?.add ?? []),
    ...(linux.capabilities?.drop ?? []),
  ])
    if (!CAPABILITIES.has(capability))
      throw clientException(`Invalid capability '${capability}' for container '${name}'.`)
  if (!between(linux.swappiness, 0, 100))
    throw clientException(
      `Invalid swappiness for container '${name}'. It must be between 0 and 100.`,
    )
  if (linux.maxSwap !== undefined && linux.maxSwap < 0)
    throw clientException(`Invalid maxSwap for container '${name}'.`)
  if (linux.sharedMemorySize !== undefined && linux.sharedMemorySize < 0)
    throw clientException(`Invalid sharedMemorySize for container '${name}'.`)
  tmpfs(name, linux.tmpfs ?? [])
}

function tmpfs(name: string | undefined, mounts: readonly Tmpfs[]): void {
  const paths = new Set<string>()
  for (const { containerPath, size, mountOptions = [] } of mounts) {
    if (!(size >= 1))
      throw clientException(
        'The container has an invalid tmpfs size value specified. It must be a non-zero, non-negative integer.',
      )
    if (!containerPath.startsWith('/'))
      throw clientException(`Invalid tmpfs mount for container '${name}'.`)
    const path = withoutEnd(containerPath)
    if (paths.has(path))
      throw clientException(
        `Duplicate tmpfs containerPath '${containerPath}' for container '${name}'.`,
      )
    paths.add(path)
    for (const option of mountOptions)
      if (!MOUNT_OPTIONS.has(option.split('=')[0] ?? option))
        throw clientException(`Invalid tmpfs mount option '${option}' for container '${name}'.`)
  }
}

/** A slash at the end names no other place. */
function withoutEnd(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}

/** -1 is no limit at all. */
const atMost = (limit: number): number => (limit === -1 ? Infinity : limit)

function systemControls(container: ContainerDefinition, task: RegisterTaskDefinitionRequest): void {
  for (const { namespace = '', value } of container.systemControls ?? []) {
    const net = namespace.startsWith('net.')
    if (!net && !IPC_CONTROLS.test(namespace))
      throw clientException(`Invalid system control namespace '${namespace}'.`)
    if (!value)
      throw clientException(
        `System control '${namespace}' of container '${container.name}' has no value.`,
      )
    if (net && task.networkMode === 'host')
      throw clientException(`System control '${namespace}' is not supported when networkMode=host.`)
    if (!net && task.ipcMode === 'host')
      throw clientException(`System control '${namespace}' is not supported when ipcMode=host.`)
  }
}

function secrets(
  { secrets = [] }: ContainerDefinition,
  { executionRoleArn }: RegisterTaskDefinitionRequest,
): void {
  if (secrets.length > 0 && !executionRoleArn)
    throw clientException(
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    )
}

export function checkEnvironmentFiles({ name, environmentFiles = [] }: ContainerDefinition): void {
  if (environmentFiles.length > ENVIRONMENT_FILES_MAX)
    throw clientException(
      `Container '${name}' has more than ${ENVIRONMENT_FILES_MAX} environmentFiles.`,
    )
  for (const file of environmentFiles)
    if (file.type !== 's3' || !file.value.endsWith('.env'))
      throw clientException(`Invalid environmentFile '${file.value}' for container '${name}'.`)
}
