/**
 * Public cases, where they are on this machine: BERTH_CASES names a folder with `agent-cases/`, task definitions with
 * the exit codes that ECS gave, and `task-definitions/`, real ones. Their images are stand-ins, so any busybox does.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'

import { House, until } from '../parity/house.ts'
import { APPLETS, importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-cases-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: 120_000 }
const FOLDER = process.env['BERTH_CASES'] ?? ''
const EXPECTED = '.expect.json'
let house: House

type Task = {
  lastStatus: string
  stoppedReason?: string
  containers: { name: string; exitCode?: number; reason?: string }[]
}
type Definition = { family: string; containerDefinitions: { name: string; image: string }[] }

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(FOLDER, ...path), 'utf8'))

function names(folder: string, ending: string): readonly string[] {
  const path = join(FOLDER, folder)
  if (FOLDER === '' || !existsSync(path)) {
    console.log(`not run: public cases of ${folder} (BERTH_CASES names no folder that has them)`)
    return []
  }
  return readdirSync(path).flatMap((file) =>
    file.endsWith(ending) ? [file.slice(0, -ending.length)] : [],
  )
}

before(async () => {
  await importImage(
    IMAGE,
    ['LABEL berth.local=true', 'CMD ["httpd","-f","-p","80","-h","/www"]'],
    [...APPLETS, 'env', 'cut', 'awk', 'sed', 'wc', 'ps', 'nslookup', '[', 'id', 'expr'],
  )
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

async function register({ containerDefinitions, ...rest }: Definition): Promise<string> {
  const { taskDefinition } = await house.api<{ taskDefinition: { taskDefinitionArn: string } }>(
    'RegisterTaskDefinition',
    {
      ...rest,
      containerDefinitions: containerDefinitions.map((one) => ({ ...one, image: IMAGE })),
    },
  )
  return taskDefinition.taskDefinitionArn
}

for (const name of names('agent-cases', EXPECTED))
  test(`public case ${name}`, LIMIT, async () => {
    const { ExitCodes } = read('agent-cases', name + EXPECTED) as {
      ExitCodes: Record<string, number>
    }
    const definition = read('agent-cases', `${name}.task-definition.json`) as Definition
    const taskDefinition = await register(definition)
    const { tasks } = await house.api<{ tasks: { taskArn: string }[] }>('RunTask', {
      taskDefinition,
    })
    const stopped = await until(
      'the task is STOPPED',
      async () => {
        const answer = await house.api<{ tasks: Task[] }>('DescribeTasks', {
          tasks: tasks.map(({ taskArn }) => taskArn),
        })
        return answer.tasks[0]?.lastStatus === 'STOPPED' ? answer.tasks[0] : undefined
      },
      LIMIT.timeout,
    )
    const codes = stopped.containers.map((one) => [one.name, one.exitCode] as const)
    for (const [container, code] of Object.entries(ExitCodes))
      assert.equal(new Map(codes).get(container), code, JSON.stringify(stopped))
  })
