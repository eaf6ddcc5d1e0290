/**
 * The API against moto's server, from one loader, turn by turn: with nothing stored, and with 10,000 tasks. Ours checks
 * signatures and is durable; moto does neither.
 */
import { ask, load, request, type Target } from './load.ts'
import { Berth, furnish, startMoto } from './peers.ts'
import { compare } from './report.ts'

const CONNECTIONS = 16
const REPETITIONS = 3
const TASKS = 10_000
const RUN = { taskDefinition: 'web' }

const berth = await Berth.start()
const { leave } = await furnish(berth)
const moto = await startMoto()

/** `ours` and `theirs` answers are asked for in each turn; a slower server gets fewer, so that a turn takes seconds. */
async function claim(
  name: string,
  operation: string,
  ours: () => object,
  theirs: () => object,
  [ourAnswers, theirAnswers]: readonly [number, number],
): Promise<void> {
  const rates: [number[], number[]] = [[], []]
  for (let turn = 0; turn < REPETITIONS; turn += 1) {
    rates[0].push(await rate(berth.target, operation, ours, ourAnswers))
    rates[1].push(await rate(moto.target, operation, theirs, theirAnswers))
  }
  compare(name, '/s', rates[0], rates[1])
}

async function rate(
  target: Target,
  operation: string,
  input: () => object,
  answers: number,
): Promise<number> {
  // Signed beforehand: what the client does is not what is measured.
  const requests = Array.from({ length: 200 }, () => request(target, operation, input()))
  let at = 0
  const next = () => requests[(at += 1) % requests.length] as Buffer
  return (await load(target.port, CONNECTIONS, answers, next)).perSecond
}

async function fill(target: Target, input: object, until: number): Promise<string[]> {
  const bytes = request(target, 'RunTask', { ...input, count: 10 })
  await load(target.port, CONNECTIONS, until / 10, () => bytes)
  const arns: string[] = []
  for (let nextToken: string | undefined; arns.length < until;) {
    const page: { taskArns: string[]; nextToken?: string } = await ask(target, 'ListTasks', {
      nextToken,
    })
    arns.push(...page.taskArns)
    nextToken = page.nextToken
    if (nextToken === undefined) break
  }
  return arns
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T
const some = (all: readonly string[], count: number) =>
  Array.from({ length: count }, () => pick(all))

try {
  const clusters = () => ({ clusters: ['default'] })
  await rate(berth.target, 'DescribeClusters', clusters, 5000)
  await claim(
    'DescribeClusters, SigV4 ÷ moto',
    'DescribeClusters',
    clusters,
    clusters,
    [20_000, 1000],
  )
  await claim(
    'RunTask ÷ moto, empty',
    'RunTask',
    () => RUN,
    () => moto.run,
    [10_000, 1000],
  )
  const ours = await fill(berth.target, RUN, TASKS)
  const theirs = await fill(moto.target, moto.run, TASKS)
  console.log(`${ours.length} tasks here, ${theirs.length} at the peer`)
  for (const count of [1, 100])
    await claim(
      `DescribeTasks(${count}), 10,000 tasks ÷ moto`,
      'DescribeTasks',
      () => ({ tasks: some(ours, count) }),
      () => ({ tasks: some(theirs, count) }),
      count === 1 ? [20_000, 200] : [4000, 60],
    )
  await claim(
    'ListTasks, 10,000 tasks ÷ moto',
    'ListTasks',
    () => ({}),
    () => ({}),
    [10_000, 150],
  )
} finally {
  leave()
  moto.end()
  await berth.remove()
}
