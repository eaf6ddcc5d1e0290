/**
 * The C1M: tasks of services on thousands of pretended hosts over real sockets, durable; `node bench/million.ts TASKS`
 * with a million where nothing is said; `twice` makes as many again in a second cluster, `plain` has the hosts speak as
 * Amazon's agent does. HashiCorp's, whose shape this is, ran containers on real hosts: this is
 * the control plane's half alone.
 */
import { readFileSync } from 'node:fs'

import { systemClock } from '#system/system.ts'

import { ask, type Target } from './load.ts'
import { Berth } from './peers.ts'
import { pretendedHosts, Probe, until } from './pretended.ts'
import { tell } from './report.ts'

const TASKS = Number(process.argv[2] ?? 1_000_000)
const IS_PLAIN = process.argv.includes('plain')
const TASKS_PER_SERVICE = 1_000
const SERVICES = Math.ceil(TASKS / TASKS_PER_SERVICE)
const [CLUSTER, ...MORE] = ['default', ...(process.argv.includes('twice') ? ['second'] : [])]
/** A million on 5,000 hosts, two million on 6,100. */
const TASKS_PER_HOST = MORE.length === 0 ? 200 : 2_000_000 / 6_100
const DESCRIBED = 1_000

const order = pretendedHosts()

type Counts = { readonly runningTasksCount: number; readonly pendingTasksCount: number }

/** Of one cluster, or of all. */
async function counts(target: Target, names = [CLUSTER, ...MORE]): Promise<Counts> {
  const { clusters } = await ask<{ clusters: Counts[] }>(target, 'DescribeClusters', {
    clusters: names,
  })
  const sum = (what: keyof Counts): number => clusters.reduce((all, one) => all + one[what], 0)
  return {
    runningTasksCount: sum('runningTasksCount'),
    pendingTasksCount: sum('pendingTasksCount'),
  }
}

const peakMiB = ({ child }: Berth): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) /
  1024

async function taskArns(target: Target, serviceName: string): Promise<string[]> {
  const { taskArns: arns } = await ask<{ taskArns: string[] }>(target, 'ListTasks', { serviceName })
  return arns
}

/** Hosts for a cluster's tasks, and the tasks on them. Resolves with how many seconds the tasks took. */
async function fill(target: Target, cluster: string): Promise<number> {
  await ask(target, 'CreateCluster', { clusterName: cluster })
  const begin = performance.now()
  const count = Math.ceil(TASKS / TASKS_PER_HOST)
  const { port } = target
  await order.give({ do: 'register', port, cluster, count, isPlain: IS_PLAIN })
  tell(`${count} hosts registered and connected`, `${seconds(begin)} s`)
  return start(target, cluster)
}

async function start(target: Target, cluster: string): Promise<number> {
  await ask(target, 'RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'web', image: 'web:1', cpu: 100, memory: 128, essential: true }],
  })
  const begin = performance.now()
  const probe = new Probe(target)
  for (let at = 0; at < SERVICES; at += 1)
    await ask(target, 'CreateService', {
      cluster,
      serviceName: `s${at}`,
      taskDefinition: 'web',
      // What evens out zones after a rolling starts and stops tasks of its own, restart or not.
      availabilityZoneRebalancing: 'DISABLED',
      desiredCount: Math.min(TASKS_PER_SERVICE, TASKS - at * TASKS_PER_SERVICE),
    })
  tell(`${SERVICES} services created`, `${seconds(begin)} s`)
  let said = 0
  await until(async () => {
    const now = await counts(target, [cluster])
    if (now.runningTasksCount - said > TASKS / 10) {
      said = now.runningTasksCount
      tell(
        `  after ${seconds(begin)} s`,
        `${said} RUNNING, ${now.pendingTasksCount} PENDING, RSS ${berth.rssMiB.toFixed(0)} MiB`,
      )
    }
    return now.runningTasksCount === TASKS
  })
  const took = (performance.now() - begin) / 1000
  tell('all RUNNING', `${took.toFixed(1)} s, ${(TASKS / took).toFixed(0)}/s`)
  tell(
    'longest wait for a cheap answer meanwhile',
    `${(await probe.end()).longestMs.toFixed(0)} ms`,
  )
  tell(
    'RSS of the server: now, highest',
    `${berth.rssMiB.toFixed(0)}, ${peakMiB(berth).toFixed(0)} MiB`,
  )
  return took
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1)

/** Full descriptions of tasks of many services, one at a time, while one service is rolled. */
async function describeWhileRolling(target: Target): Promise<void> {
  const probe = new Probe(target)
  await ask(target, 'UpdateService', { cluster: CLUSTER, service: 's0', forceNewDeployment: true })
  const times: number[] = []
  while (times.length < DESCRIBED) {
    const arns = await taskArns(target, `s${Math.floor(Math.random() * SERVICES)}`)
    const one = arns[Math.floor(Math.random() * arns.length)] ?? ''
    const begin = performance.now()
    const { tasks } = await ask<{ tasks: { containers: { runtimeId?: string }[] }[] }>(
      target,
      'DescribeTasks',
      { tasks: [one], include: ['TAGS'] },
    )
    times.push(performance.now() - begin)
    // A task of the service that is rolled may be gone by then.
    if (tasks[0]?.containers.length === 0) throw new Error(`${one} has no containers`)
  }
  times.sort((one, other) => one - other)
  tell(
    `DescribeTasks of ${DESCRIBED} random ones while a service is rolled: p50, p99`,
    `${times[DESCRIBED / 2]?.toFixed(1)} ms, ${times[DESCRIBED * 0.99]?.toFixed(1)} ms`,
  )
  type Described = { services: [{ deployments: { rolloutState: string }[] }] }
  const rolled = await until(async () => {
    const { services } = await ask<Described>(target, 'DescribeServices', { services: ['s0'] })
    return services[0].deployments.every(({ rolloutState }) => rolloutState === 'COMPLETED')
  })
  tell('rolled after that in', `${rolled.toFixed(1)} s`)
  tell(
    'longest wait for a cheap answer meanwhile',
    `${(await probe.end()).longestMs.toFixed(0)} ms`,
  )
}

async function killAndComeBack(): Promise<void> {
  const before = await order.give({ do: 'count' })
  const { directory } = berth
  await berth.end('SIGKILL')
  const begin = performance.now()
  berth = await Berth.start(directory)
  await ask(berth.target, 'ListClusters', {})
  tell('killed, started and serving again', `${seconds(begin)} s`)
  await order.give({ do: 'connect', port: berth.target.port })
  tell('all hosts back', `${seconds(begin)} s`)
  const { runningTasksCount, pendingTasksCount } = await counts(berth.target)
  await systemClock.sleep(5_000)
  const after = await order.give({ do: 'count' })
  tell(
    'RUNNING, PENDING, started and stopped by the restart',
    `${runningTasksCount}, ${pendingTasksCount}, ${after.started - before.started}, ${after.stopped - before.stopped}`,
  )
  tell(
    'RSS of the server: now, highest',
    `${berth.rssMiB.toFixed(0)}, ${peakMiB(berth).toFixed(0)} MiB`,
  )
}

let berth = await Berth.start()
try {
  const first = await fill(berth.target, CLUSTER)
  for (const cluster of MORE) {
    const took = await fill(berth.target, cluster)
    tell(`as many again in another cluster ÷ the first`, `${(took / first).toFixed(2)}×`)
  }
  await describeWhileRolling(berth.target)
  await killAndComeBack()
} finally {
  await berth.remove()
  order.end()
}
