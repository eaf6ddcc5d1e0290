/**
 * What durability and size cost: RunTask answers a second with 16 clients against bare rows of the same journal on the
 * same disk; DescribeTasks with one task and with 100,000; and how long a restart with 100,000 tasks takes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SqliteLog } from '#store/sqlite-log.ts'

import { ask, load, request, type Target } from './load.ts'
import { Berth, furnish } from './peers.ts'
import { compare, median, tell } from './report.ts'

const CLIENTS = 16
const REPETITIONS = 3
const TASKS = 100_000
const RUNS = 5000
const RUN = { taskDefinition: 'web' }

/** As many rows in flight as there are clients, each as long as what RunTask writes. */
async function bareRows(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-bench-rows-'))
  const log = new SqliteLog(join(directory, 'state.db'))
  await log.load({ row: () => {}, commit: () => {} })
  const waiting = new Map<number, () => void>()
  let told = 0
  log.listen(
    (revision) => {
      for (; told < revision; told += 1) waiting.get(told + 1)?.()
    },
    (error) => {
      throw error
    },
  )
  const text = JSON.stringify([['t', 'k', 'put', { text: 'x'.repeat(ROW_CHARACTERS) }]])
  let revision = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (revision < RUNS * 2) {
        const mine = (revision += 1)
        await new Promise<void>((done) => {
          waiting.set(mine, done)
          log.append(mine, text)
        })
        waiting.delete(mine)
      }
    }),
  )
  const perSecond = revision / ((performance.now() - begin) / 1000)
  await log.close()
  rmSync(directory, { recursive: true })
  return perSecond
}
/** What RunTask of this task definition writes. */
const ROW_CHARACTERS = 1350

async function durable(target: Target): Promise<void> {
  const ours: number[] = []
  const rows: number[] = []
  const bytes = request(target, 'RunTask', RUN)
  await load(target.port, CLIENTS, 500, () => bytes)
  for (let turn = 0; turn < REPETITIONS; turn += 1) {
    ours.push((await load(target.port, CLIENTS, RUNS, () => bytes)).perSecond)
    rows.push(await bareRows())
  }
  compare('durable RunTask answers, 16 clients ÷ bare journal rows', '/s', ours, rows)
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

const first = await Berth.start()
try {
  const { leave } = await furnish(first)
  const [one] = (
    await ask<{ tasks: { taskArn: string }[] }>(first.target, 'RunTask', RUN)
  ).tasks.map(({ taskArn }) => taskArn)
  await describing(first.target, [one ?? ''])
  const small = await describing(first.target, [one ?? ''])
  await durable(first.target)
  await fill(first.target, TASKS - (REPETITIONS * RUNS + 500))
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
