/** What the README and the first start run: healthy, and gone when they are asked to go, so that deployments are quick. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { type Api, type Credentials, ecsApi } from '#cli/api.ts'

import { freePort } from '../parity/free-port.ts'
import { REGION, until } from '../parity/house.ts'
import { Reader } from './page.fixture.ts'

const LIMIT = { timeout: 120_000 }
const KILLED = 137
const port = await freePort()
const reader = new Reader(port)
let api: Api

before(async () => {
  const { code, stderr } = await reader.does('berth up --detach')
  assert.equal(code, 0, stderr)
  const keys = JSON.parse(readFileSync(join(reader.data, 'root-keys.json'), 'utf8')) as Credentials
  api = ecsApi(`http://127.0.0.1:${port}`, REGION, keys)
})
after(() => reader.leaves())

type Task = {
  readonly taskArn: string
  readonly lastStatus: string
  readonly healthStatus: string
  readonly stoppedReason?: string
  readonly containers: readonly { readonly exitCode?: number }[]
}

async function becomes(taskArn: string, what: string, is: (task: Task) => boolean): Promise<Task> {
  return until(what, async () => {
    const { tasks } = await api<{ tasks: [Task] }>('DescribeTasks', { tasks: [taskArn] })
    return is(tasks[0]) ? tasks[0] : undefined
  })
}

async function isQuick(taskArn: string): Promise<void> {
  await becomes(taskArn, 'it is healthy', ({ healthStatus }) => healthStatus === 'HEALTHY')
  await api('StopTask', { task: taskArn })
  const { containers } = await becomes(taskArn, 'it stops', (task) => task.lastStatus === 'STOPPED')
  assert.notEqual(containers[0]?.exitCode, KILLED, 'it heeds SIGTERM')
}

test('the hello task is healthy and ends when it is asked to', LIMIT, async () => {
  const { taskArns } = await api<{ taskArns: [string] }>('ListTasks', { family: 'hello' })
  await isQuick(taskArns[0])
})

test("the README's task is healthy and ends when it is asked to", LIMIT, async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const [, family, containers = ''] =
    /register-task-definition --family (\w+) --container-definitions '(.*?)'$/ms.exec(readme) ?? []
  const containerDefinitions = JSON.parse(containers) as object[]
  await api('RegisterTaskDefinition', { family, containerDefinitions })
  const { tasks } = await api<{ tasks: [Task] }>('RunTask', { taskDefinition: family })
  await isQuick(tasks[0].taskArn)
})
