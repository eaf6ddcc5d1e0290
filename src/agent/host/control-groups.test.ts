import assert from 'node:assert/strict'
import { test } from 'node:test'

import { controllerMounts, groupPlan, type GroupStep, type Hierarchy } from './control-groups.ts'

const PROC_MOUNTS = `proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`
const V1: Hierarchy = { version: 1, driver: 'cgroupfs', mounts: controllerMounts(PROC_MOUNTS) }
const V2: Hierarchy = {
  version: 2,
  driver: 'cgroupfs',
  mounts: controllerMounts('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n'),
}
const SYSTEMD: Hierarchy = { ...V2, driver: 'systemd' }

const lines = (steps: readonly GroupStep[]): string[] =>
  steps.map((step) => {
    if (step.type === 'run') return step.command.join(' ')
    return step.type === 'write' ? `${step.text} > ${step.path}` : `${step.type} ${step.path}`
  })

test('version 1: each controller has its own folder, and all are removed', () => {
  const { parent, make, remove } = groupPlan(V1, 't1', { vcpus: 0.5, memoryMiB: 256, pids: 100 })
  assert.equal(parent, '/ecs/t1')
  assert.deepEqual(lines(make), [
    'mkdir /sys/fs/cgroup/cpu,cpuacct/ecs/t1',
    'mkdir /sys/fs/cgroup/memory/ecs/t1',
    'mkdir /sys/fs/cgroup/pids/ecs/t1',
    '100000 > /sys/fs/cgroup/cpu,cpuacct/ecs/t1/cpu.cfs_period_us',
    '50000 > /sys/fs/cgroup/cpu,cpuacct/ecs/t1/cpu.cfs_quota_us',
    '512 > /sys/fs/cgroup/cpu,cpuacct/ecs/t1/cpu.shares',
    '268435456 > /sys/fs/cgroup/memory/ecs/t1/memory.limit_in_bytes',
    '100 > /sys/fs/cgroup/pids/ecs/t1/pids.max',
  ])
  assert.deepEqual(lines(remove), [
    'rmdir /sys/fs/cgroup/cpu,cpuacct/ecs/t1',
    'rmdir /sys/fs/cgroup/memory/ecs/t1',
    'rmdir /sys/fs/cgroup/pids/ecs/t1',
    'rmdir /sys/fs/cgroup/systemd/ecs/t1',
    'rmdir /sys/fs/cgroup/unified/ecs/t1',
  ])
})

test('version 1: what is not limited is not made', () => {
  assert.deepEqual(lines(groupPlan(V1, 't1', { memoryMiB: 8 }).make), [
    'mkdir /sys/fs/cgroup/memory/ecs/t1',
    '8388608 > /sys/fs/cgroup/memory/ecs/t1/memory.limit_in_bytes',
  ])
})

test('version 2: the controllers are passed down first', () => {
  const { parent, make, remove } = groupPlan(V2, 't1', { vcpus: 0.5, memoryMiB: 256 })
  assert.equal(parent, '/ecs/t1')
  assert.deepEqual(lines(make), [
    'mkdir /sys/fs/cgroup/ecs/t1',
    '+cpu +memory +pids > /sys/fs/cgroup/cgroup.subtree_control',
    '+cpu +memory +pids > /sys/fs/cgroup/ecs/cgroup.subtree_control',
    '+cpu +memory +pids > /sys/fs/cgroup/ecs/t1/cgroup.subtree_control',
    '50000 100000 > /sys/fs/cgroup/ecs/t1/cpu.max',
    '20 > /sys/fs/cgroup/ecs/t1/cpu.weight',
    '268435456 > /sys/fs/cgroup/ecs/t1/memory.max',
  ])
  assert.deepEqual(lines(remove), ['rmdir /sys/fs/cgroup/ecs/t1'])
})

test('systemd is asked for a slice', () => {
  const { parent, make, remove } = groupPlan(SYSTEMD, 'a-b', { vcpus: 1.25, memoryMiB: 64 })
  assert.equal(parent, 'ecstasks-a_b.slice')
  assert.deepEqual(lines(make), [
    'systemctl set-property --runtime ecstasks-a_b.slice CPUQuota=125% CPUWeight=49 MemoryMax=67108864',
    'systemctl start ecstasks-a_b.slice',
  ])
  assert.deepEqual(lines(remove), [
    'systemctl stop ecstasks-a_b.slice',
    'systemctl revert ecstasks-a_b.slice',
  ])
})

test('the kernel gets no smaller quota than it takes', () => {
  assert.ok(lines(groupPlan(V1, 't', { vcpus: 0.001 }).make)[2]?.startsWith('1000 >'))
})

test('an id that would leave the folder is refused', () => {
  assert.throws(() => groupPlan(V1, '../../etc', {}), /no task id/)
})
