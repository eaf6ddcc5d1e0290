/** The control plane is away for minutes: what runs does not notice, what ends meanwhile is told once when it is back. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemClock, systemIds } from '#system/system.ts'

import { House, startedAt, until } from '../parity/house.ts'
import { patient } from '../patience.ts'
import { importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-away-test-${systemIds.hex(8)}:1`
/** Longer than the agent's calls, its silence and most of its back-off. */
const AWAY_MS = 100_000
/** The agent's longest pause between two tries, and time for the try. */
const BACK_MS = 150_000
const LIMIT = { timeout: patient(AWAY_MS + BACK_MS + 120_000) }
type Task = {
  taskArn: string
  lastStatus: string
  version: number
  containers: { runtimeId?: string; exitCode?: number }[]
}
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

async function reach(arn: string, status: string, limitMs = 30_000): Promise<Task> {
  const look = async (): Promise<Task | undefined> => {
    const { tasks } = await house.api<{ tasks: Task[] }>('DescribeTasks', { tasks: [arn] })
    return tasks.find(({ lastStatus }) => lastStatus === status)
  }
  return until(`the task is ${status}`, look, limitMs)
}

async function run(family: string, script: string): Promise<string> {
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      { name: 'app', image: IMAGE, memory: 16, stopTimeout: 2, command: ['sh', '-c', script] },
    ],
  })
  const { tasks } = await house.api<{ tasks: Task[] }>('RunTask', { taskDefinition: family })
  return tasks[0]?.taskArn ?? ''
}

test('trap 9: minutes without a control plane touch no task', LIMIT, async () => {
  const steady = await run('steady', 'trap "exit 0" TERM; while :; do sleep 0.2; done')
  const short = await run('short', 'sleep 40; exit 9')
  const before = await reach(steady, 'RUNNING')
  await reach(short, 'RUNNING')
  const id = before.containers[0]?.runtimeId ?? ''
  const started = await startedAt(id)
  await house.server.end('SIGKILL')
  await systemClock.sleep(AWAY_MS)
  await house.startServer()
  assert.equal((await reach(short, 'STOPPED', BACK_MS)).containers[0]?.exitCode, 9)
  const back = await until('the agent is back', async () => {
    const { containerInstances } = await house.api<{
      containerInstances: { agentConnected: boolean }[]
    }>('DescribeContainerInstances', {
      containerInstances: (
        await house.api<{ containerInstanceArns: string[] }>('ListContainerInstances', {})
      ).containerInstanceArns,
    })
    return containerInstances[0]?.agentConnected || undefined
  })
  assert.ok(back)
  assert.equal(await startedAt(id), started)
  assert.equal((await reach(steady, 'RUNNING')).version, before.version)
  await house.api('StopTask', { task: steady })
  await reach(steady, 'STOPPED')
})
