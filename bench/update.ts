/**
 * What a big change costs everybody else: a service of 5,000 tasks is given a new deployment. How long the server's event
 * loop is held is measured inside it (`loop-delay.ts`), and how long a cheap answer has to be waited for from outside.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ask, type Target } from './load.ts'
import { Berth } from './peers.ts'
import { pretendedHosts, Probe, until } from './pretended.ts'
import { tell } from './report.ts'

const TASKS = Number(process.argv[2] ?? 5_000)
const HOSTS = 100
const QUIET_MS = 2_000
const CLUSTER = 'default'

type Described = {
  readonly services: readonly [
    {
      readonly runningCount: number
      readonly deployments: readonly {
        readonly rolloutState: string
        readonly runningCount: number
      }[]
    },
  ]
}

async function service(target: Target): Promise<Described['services'][0]> {
  const { services } = await ask<Described>(target, 'DescribeServices', { services: ['big'] })
  return services[0]
}

const directory = mkdtempSync(join(tmpdir(), 'berth-bench-delay-'))
const file = join(directory, 'delay')
process.env['LOOP_DELAY_FILE'] = file
process.env['NODE_OPTIONS'] = `--import=${join(import.meta.dirname, 'loop-delay.ts')}`

/** Since it was asked last. */
async function loopDelay(): Promise<{ readonly longest: number; readonly p99: number }> {
  rmSync(file, { force: true })
  berth.child.kill('SIGUSR2')
  await until(() => Promise.resolve(existsSync(file) && readFileSync(file, 'utf8').endsWith('}')))
  return JSON.parse(readFileSync(file, 'utf8')) as { longest: number; p99: number }
}

async function probed(what: string, target: Target, act: () => Promise<void>): Promise<void> {
  await loopDelay()
  const probe = new Probe(target)
  const begin = performance.now()
  await act()
  const took = (performance.now() - begin) / 1000
  const { longest, p99 } = await loopDelay()
  const { longestMs, p99Ms } = await probe.end()
  tell(
    what,
    `${took.toFixed(1)} s; the loop was held ${longest.toFixed(0)} ms at most (p99 ${p99.toFixed(1)}); a cheap answer took ${longestMs.toFixed(0)} ms at most (p99 ${p99Ms.toFixed(1)})`,
  )
}

const berth = await Berth.start()
const order = pretendedHosts()
try {
  const { target } = berth
  await ask(target, 'CreateCluster', { clusterName: CLUSTER })
  await ask(target, 'RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [{ name: 'web', image: 'web:1', cpu: 100, memory: 128, essential: true }],
  })
  const { port } = target
  await order.give({ do: 'register', port, cluster: CLUSTER, count: HOSTS, isPlain: false })
  await probed(`nothing, ${QUIET_MS} ms`, target, async () => {
    const end = performance.now() + QUIET_MS
    await until(() => Promise.resolve(performance.now() > end))
  })
  await probed(`${TASKS} tasks of a new service`, target, async () => {
    await ask(target, 'CreateService', {
      cluster: CLUSTER,
      serviceName: 'big',
      taskDefinition: 'web',
      desiredCount: TASKS,
    })
    await until(async () => (await service(target)).runningCount === TASKS)
  })
  await probed('UpdateService --force-new-deployment until all is new', target, async () => {
    await ask(target, 'UpdateService', {
      cluster: CLUSTER,
      service: 'big',
      forceNewDeployment: true,
    })
    await until(async () => {
      const { deployments } = await service(target)
      return deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED'
    })
  })
} finally {
  await berth.remove()
  order.end()
  rmSync(directory, { recursive: true })
}
