/**
 * What durability and size cost: RunTask answers a second with 16 clients against bare rows of the same journal on the
 * same disk, and against HTTP that does nothing but keep such a row; DescribeTasks with one task and with 100,000; and how long a restart with 100,000 tasks takes.
 * `node bench/tasks.ts 1`: all of it on a disk whose flush takes a millisecond longer.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { BareRows } from './bare-rows.ts'
import { ask, load, request, type Target } from './load.ts'
import { Berth, furnish } from './peers.ts'
import { compare, median, tell } from './report.ts'
import { onSlowDisk } from './slow-disk.ts'

const CLIENTS = 16
const REPETITIONS = 3
const TASKS = 100_000
const RUNS = 5000
/** Until what is often run is compiled. */
const WARM = 20_000
const RUN = { taskDefinition: 'web' }

/** As many rows in flight as there are clients. */
async function bareRows(): Promise<number> {
  const rows = await BareRows.open()
  let left = RUNS * 2
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (left > 0) {
        left -= 1
        await rows.append()
      }
    }),
  )
  const perSecond = (RUNS * 2) / ((performance.now() - begin) / 1000)
  await rows.close()
  return perSecond
}

async function durable(target: Target): Promise<void> {
  const ours: number[] = []
  const rows: number[] = []
  const http: number[] = []
  const bytes = request(target, 'RunTask', RUN)
  const child = fork(join(import.meta.dirname, 'http-rows.ts'))
  const [port] = (await once(child, 'message')) as [number]
  await load(target.port, CLIENTS, WARM, () => bytes)
  await load(port, CLIENTS, WARM, () => bytes)
  for (let turn = 0; turn < REPETITIONS; turn += 1) {
    ours.push((await load(target.port, CLIENTS, RUNS, () => bytes)).perSecond)
    rows.push(await bareRows())
    http.push((await load(port, CLIENTS, RUNS, () => bytes)).perSecond)
  }
  child.disconnect()
  compare('durable RunTask answers, 16 clients ÷ bare journal rows', '/s', ours, rows)
  compare('the same ÷ HTTP that only keeps a row', '/s', ours, http)
}

async function describing(target: Target, arns: readonly string[]): Promise<number> {
  const requests = Array.from({ length: 400 }, () =>
    request(target, 'DescribeTasks', {
      tasks: [arns[Math.floor(Math.random() * arns.length)]],
    }),
  )
  let at = 0
  const next = () => requests[(at += 1) % requests.length] as Buffer
  const times: number[] = []
  for (let turn = 0; turn < REPETITIONS; turn += 1)
    times.push((await load(target.port, CLIENTS, 10_000, next)).p50Ms)
  return median(times)
}

async function taskArns(target: Target, count: number): Promise<string[]> {
  const arns: string[] = []
  let nextToken: string | undefined
  do {
    const page: { taskArns: string[]; nextToken?: string } = await ask(target, 'ListTasks', {
      nextToken,
    })
    arns.push(...page.taskArns)
    nextToken = page.nextToken
  } while (nextToken !== undefined && arns.length < count)
  return arns
}

async function fill(target: Target, tasks: number): Promise<void> {
  const bytes = request(target, 'RunTask', { ...RUN, count: 10 })
  // Signatures hold for five minutes.
  for (let left = tasks; left > 0; left -= 20_000)
    await load(target.port, CLIENTS, Math.min(left, 20_000) / 10, () => bytes)
}

onSlowDisk(Number(process.argv[2] ?? 0))
const first = await Berth.start()
try {
  const { leave } = await furnish(first)
  const [one] = (
    await ask<{ tasks: { taskArn: string }[] }>(first.target, 'RunTask', RUN)
  ).tasks.map(({ taskArn }) => taskArn)
  await describing(first.target, [one ?? ''])
  const small = await describing(first.target, [one ?? ''])
  await durable(first.target)
  await fill(first.target, TASKS - (REPETITIONS * RUNS + WARM))
  const arns = await taskArns(first.target, TASKS)
  const large = await describing(first.target, arns)
  compare(`p50 of DescribeTasks, ${arns.length} tasks ÷ 1 task`, 'ms', [large], [small])
  tell('RSS with these tasks', `${first.rssMiB.toFixed(0)} MiB`)
  leave()
  await first.end('SIGKILL')
  for (let turn = 0; turn < REPETITIONS; turn += 1) {
    const begin = performance.now()
    const again = await Berth.start(first.directory)
    await ask(again.target, 'DescribeTasks', { tasks: arns.slice(0, 1) })
    const seconds = (performance.now() - begin) / 1000
    tell('killed, started and serving again', `${seconds.toFixed(2)} s`)
    await again.end('SIGKILL')
  }
} finally {
  await first.remove()
}
