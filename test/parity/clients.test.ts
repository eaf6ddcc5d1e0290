/** One journey through clusters, definitions and tasks, by every client that people use, on a real host. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { systemIds } from '#system/system.ts'

import { importImage, removeImage } from '../docker/engine.fixture.ts'
import { type Answer, type Driver, DRIVERS } from './drivers.ts'
import { House } from './house.ts'

const IMAGE = `berth-clients-test-${systemIds.hex(8)}:1`
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

type Journey = {
  readonly driver: Driver
  /** Tells this client's things from the others'. */
  readonly name: string
  definition: string
  tasks: string[]
}
type Task = { taskArn: string; lastStatus: string; stopCode?: string; containers: Container[] }
type Container = { name: string; exitCode?: number; reason?: string }
type Step = readonly [string, (journey: Journey) => Promise<void>]

const CLUSTER = 'default'
const call = ({ driver }: Journey, operation: string, input: object): Promise<Answer> =>
  driver.call(house, operation, input)

async function refused(
  journey: Journey,
  operation: string,
  input: object,
  fault: [string, string],
) {
  const error = await call(journey, operation, input).then(
    () => assert.fail(`${operation} was not refused`),
    (error: unknown) => error as Error,
  )
  const text = error.name === 'Error' ? error.message : String(error)
  const wanted = journey.driver.shows(operation, ...fault)
  assert.ok(text.includes(wanted), `${text}\ndoes not say\n${wanted}`)
}

async function described(journey: Journey): Promise<Task[]> {
  const { tasks } = journey
  return (await call(journey, 'DescribeTasks', { cluster: CLUSTER, tasks }))['tasks'] as Task[]
}

const steps: readonly Step[] = [
  [
    'create-cluster',
    async (journey) => {
      const { cluster } = await call(journey, 'CreateCluster', { clusterName: journey.name })
      assert.equal((cluster as { status: string }).status, 'ACTIVE')
    },
  ],
  [
    'register-task-definition, from a JSON file',
    async (journey) => {
      const answer = await call(journey, 'RegisterTaskDefinition', {
        family: journey.name,
        containerDefinitions: [
          {
            name: 'web',
            image: IMAGE,
            memory: 16,
            command: ['sh', '-c', 'trap "exit 42" TERM; while :; do sleep 0.1; done'],
            environment: [{ name: 'TEXT', value: 'é "quoted" \\ and\nmore' }],
          },
        ],
      })
      const definition = answer['taskDefinition'] as Answer
      assert.equal(definition['revision'], 1)
      const [container] = definition['containerDefinitions'] as { environment: object[] }[]
      assert.deepEqual(container?.environment, [{ name: 'TEXT', value: 'é "quoted" \\ and\nmore' }])
      journey.definition = definition['taskDefinitionArn'] as string
    },
  ],
  [
    'errors, in the words in which the client shows them',
    async (journey) => {
      await refused(journey, 'ListTasks', { cluster: 'none' }, [
        'ClusterNotFoundException',
        'Cluster not found.',
      ])
      await refused(journey, 'RunTask', { cluster: journey.name, taskDefinition: journey.name }, [
        'InvalidParameterException',
        'No Container Instances were found in your cluster.',
      ])
      await refused(journey, 'DescribeTaskDefinition', { taskDefinition: 'none' }, [
        'ClientException',
        'Unable to describe task definition.',
      ])
    },
  ],
  [
    'run-task and wait tasks-running',
    async (journey) => {
      const answer = await call(journey, 'RunTask', {
        cluster: CLUSTER,
        taskDefinition: journey.name,
        count: 3,
        startedBy: journey.name,
        tags: [{ key: 'client', value: journey.name }],
      })
      assert.deepEqual(answer['failures'], [])
      journey.tasks = (answer['tasks'] as Task[]).map(({ taskArn }) => taskArn)
      assert.equal(journey.tasks.length, 3)
      const { tasks } = journey
      await journey.driver.wait(house, 'TasksRunning', { cluster: CLUSTER, tasks })
      for (const task of await described(journey)) assert.equal(task.lastStatus, 'RUNNING')
    },
  ],
  [
    'list-tasks, two a page',
    async (journey) => {
      const wanted = { cluster: CLUSTER, startedBy: journey.name }
      const { taskArns } = await journey.driver.pages(house, 'ListTasks', wanted)
      assert.deepEqual((taskArns as string[]).toSorted(), journey.tasks.toSorted())
    },
  ],
  [
    'stop-task, wait tasks-stopped, and the exit code',
    async (journey) => {
      for (const task of journey.tasks)
        await call(journey, 'StopTask', { cluster: CLUSTER, task, reason: 'the test is over' })
      const { tasks } = journey
      await journey.driver.wait(house, 'TasksStopped', { cluster: CLUSTER, tasks })
      for (const { lastStatus, stopCode, containers } of await described(journey)) {
        assert.deepEqual([lastStatus, stopCode], ['STOPPED', 'UserInitiated'])
        assert.equal(containers[0]?.exitCode, 42)
      }
    },
  ],
  [
    'deregister and delete',
    async (journey) => {
      const { definition, name } = journey
      const deregistered = await call(journey, 'DeregisterTaskDefinition', {
        taskDefinition: definition,
      })
      assert.equal((deregistered['taskDefinition'] as Answer)['status'], 'INACTIVE')
      if (!journey.driver.lacks.includes('DeleteTaskDefinitions')) {
        const asked = { taskDefinitions: [definition] }
        const deleted = await call(journey, 'DeleteTaskDefinitions', asked)
        assert.deepEqual(deleted['failures'], [])
      }
      const { cluster } = await call(journey, 'DeleteCluster', { cluster: name })
      assert.equal((cluster as { status: string }).status, 'INACTIVE')
    },
  ],
]

// The clients wait most of the time: together they take little longer than one.
test('every client, from its cluster to its cluster', { concurrency: true }, async (all) => {
  const journeys = DRIVERS.map((driver, index) =>
    all.test(driver.name, async () => {
      if (!(await driver.found(house))) return console.log(`not run: ${driver.name} (not found)`)
      const journey: Journey = { driver, name: `client-${index}`, definition: '', tasks: [] }
      for (const [name, step] of steps)
        await step(journey).catch((error: Error) => {
          throw new Error(`${name}: ${error.message}`, { cause: error })
        })
    }),
  )
  await Promise.all(journeys)
})
