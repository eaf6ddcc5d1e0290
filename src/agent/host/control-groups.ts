/**
 * The control group of a task, for each kind of machine: what to write where. Pure, so that each kind is a golden
 * case; `linux.ts` carries it out.
 */
import type { TaskLimits } from '../host.ts'

/** The engine's way to make control groups, and the kernel's version of them. */
export type Hierarchy = {
  readonly version: 1 | 2
  readonly driver: 'cgroupfs' | 'systemd'
  /** The folder of each controller; in version 2 they are one. */
  readonly mounts: Readonly<Record<string, string>>
}

export type GroupStep =
  | { readonly type: 'mkdir'; readonly path: string }
  | { readonly type: 'write'; readonly path: string; readonly text: string }
  /** A program and its arguments; `optional` where its failure means that there is nothing to do. */
  | { readonly type: 'run'; readonly command: readonly string[]; readonly optional?: boolean }
  /** Not there is as good as removed. */
  | { readonly type: 'rmdir'; readonly path: string }

export type GroupPlan = {
  /** What containers name as their parent group. */
  readonly parent: string
  readonly make: readonly GroupStep[]
  readonly remove: readonly GroupStep[]
}

const PERIOD_MICROSECONDS = 100_000
/** The kernel takes no smaller quota. */
const QUOTA_MICROSECONDS_MIN = 1000
const SHARES_PER_VCPU = 1024
const SHARES_MIN = 2
const SHARES_MAX = 262_144
const MIB = 1024 * 1024
/** Amazon's agent has the same names. */
const FOLDER = 'ecs'
const SLICE = 'ecstasks'

export function groupPlan(hierarchy: Hierarchy, taskId: string, limits: TaskLimits): GroupPlan {
  // The id becomes part of a path.
  if (!/^[A-Za-z0-9_-]+$/.test(taskId)) throw new Error(`'${taskId}' is no task id`)
  if (hierarchy.driver === 'systemd') return systemdPlan(taskId, limits)
  return hierarchy.version === 1
    ? version1Plan(hierarchy, taskId, limits)
    : version2Plan(hierarchy, taskId, limits)
}

function version1Plan({ mounts }: Hierarchy, taskId: string, limits: TaskLimits): GroupPlan {
  const parent = `/${FOLDER}/${taskId}`
  const { vcpus, memoryMiB, pids } = limits
  const files: readonly LimitFile[] = [
    ...limit(vcpus, (value) => [
      ['cpu', 'cpu.cfs_period_us', PERIOD_MICROSECONDS],
      ['cpu', 'cpu.cfs_quota_us', quota(value)],
      ['cpu', 'cpu.shares', shares(value)],
    ]),
    ...limit(memoryMiB, (value) => [['memory', 'memory.limit_in_bytes', value * MIB]]),
    ...limit(pids, (value) => [['pids', 'pids.max', value]]),
  ]
  const controllers = [...new Set(files.map(([controller]) => controller))]
  return {
    parent,
    make: [
      ...controllers.map((controller) => ({
        type: 'mkdir' as const,
        path: `${mount(mounts, controller)}${parent}`,
      })),
      ...files.map(([controller, file, value]) => ({
        type: 'write' as const,
        path: `${mount(mounts, controller)}${parent}/${file}`,
        text: String(value),
      })),
    ],
    // The engine makes the parent in every controller, not only in those with a limit.
    remove: [...new Set(Object.values(mounts))].map((folder) => ({
      type: 'rmdir',
      path: `${folder}${parent}`,
    })),
  }
}

function version2Plan({ mounts }: Hierarchy, taskId: string, limits: TaskLimits): GroupPlan {
  const parent = `/${FOLDER}/${taskId}`
  const root = mount(mounts, 'unified')
  const { vcpus, memoryMiB, pids } = limits
  const delegate = (path: string): GroupStep => ({
    type: 'write',
    path: `${root}${path}/cgroup.subtree_control`,
    text: '+cpu +memory +pids',
  })
  const write = (file: string, text: string): GroupStep => ({
    type: 'write',
    path: `${root}${parent}/${file}`,
    text,
  })
  return {
    parent,
    make: [
      { type: 'mkdir', path: `${root}${parent}` },
      // A group has a controller only where all groups above it pass it on.
      delegate(''),
      delegate(`/${FOLDER}`),
      delegate(parent),
      ...(vcpus === undefined
        ? []
        : [
            write('cpu.max', `${quota(vcpus)} ${PERIOD_MICROSECONDS}`),
            write('cpu.weight', String(weight(shares(vcpus)))),
          ]),
      ...(memoryMiB === undefined ? [] : [write('memory.max', String(memoryMiB * MIB))]),
      ...(pids === undefined ? [] : [write('pids.max', String(pids))]),
    ],
    remove: [{ type: 'rmdir', path: `${root}${parent}` }],
  }
}

/** Where systemd owns the control groups it is asked: a group made behind its back would not last. */
function systemdPlan(taskId: string, { vcpus, memoryMiB, pids }: TaskLimits): GroupPlan {
  // A dash in a slice's name would mean a slice within a slice.
  const parent = `${SLICE}-${taskId.replaceAll('-', '_')}.slice`
  const properties = [
    ...(vcpus === undefined
      ? []
      : [`CPUQuota=${percent(vcpus)}%`, `CPUWeight=${weight(shares(vcpus))}`]),
    ...(memoryMiB === undefined ? [] : [`MemoryMax=${memoryMiB * MIB}`]),
    ...(pids === undefined ? [] : [`TasksMax=${pids}`]),
  ]
  return {
    parent,
    make: [
      { type: 'run', command: ['systemctl', 'set-property', '--runtime', parent, ...properties] },
      { type: 'run', command: ['systemctl', 'start', parent] },
    ],
    remove: [
      { type: 'run', command: ['systemctl', 'stop', parent], optional: true },
      { type: 'run', command: ['systemctl', 'revert', parent], optional: true },
    ],
  }
}

type LimitFile = readonly [controller: string, file: string, value: number]

/** The files of one limit; none where it is not set. */
function limit(
  value: number | undefined,
  files: (value: number) => readonly LimitFile[],
): readonly LimitFile[] {
  return value === undefined ? [] : files(value)
}

function mount(mounts: Hierarchy['mounts'], controller: string): string {
  const path = mounts[controller]
  if (path === undefined)
    throw new Error(`the control group controller '${controller}' is not here`)
  return path
}

function quota(vcpus: number): number {
  return Math.max(QUOTA_MICROSECONDS_MIN, Math.round(vcpus * PERIOD_MICROSECONDS))
}

function percent(vcpus: number): number {
  return Math.max(1, Math.round(vcpus * 100))
}

function shares(vcpus: number): number {
  return Math.min(SHARES_MAX, Math.max(SHARES_MIN, Math.round(vcpus * SHARES_PER_VCPU)))
}

/** Version 2 counts weights from 1 to 10,000 where version 1 has shares; runc converts them so. */
function weight(cpuShares: number): number {
  return 1 + Math.floor(((cpuShares - SHARES_MIN) * 9999) / (SHARES_MAX - SHARES_MIN))
}

/** The controllers' folders, from the text of `/proc/mounts`. */
export function controllerMounts(procMounts: string): Readonly<Record<string, string>> {
  const mounts: Record<string, string> = {}
  for (const line of procMounts.split('\n')) {
    const [, path = '', type, options = ''] = line.split(' ')
    if (type === 'cgroup2') mounts['unified'] ??= path
    if (type !== 'cgroup') continue
    // systemd keeps a hierarchy of its own, without a controller, in which engines make groups too.
    for (const option of options.split(','))
      if (CONTROLLERS.has(option) || option.startsWith('name=')) mounts[option] ??= path
  }
  return mounts
}

const CONTROLLERS = new Set([
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'rdma',
])
