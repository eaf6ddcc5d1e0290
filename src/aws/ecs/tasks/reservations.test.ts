/** What hosts have, what tasks hold of it, and what is left are one sum, whatever users and agents do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Answer, type Host, House } from '#server/house.fixture.ts'

const container = (more: object) => ({ name: 'app', image: 'app:1', ...more })
const FAMILIES: Readonly<Record<string, object>> = {
  small: container({ cpu: 100, memory: 64 }),
  large: container({ cpu: 700, memory: 1500, memoryReservation: 1000 }),
  web: container({ memory: 64, portMappings: [{ containerPort: 80, hostPort: 80 }] }),
  dns: container({
    memory: 64,
    portMappings: [{ containerPort: 53, hostPort: 53, protocol: 'udp' }],
  }),
}
const STATUSES = ['RUNNING', 'STOPPED'] as const

const steps = fc.array(
  fc.oneof(
    fc.record({
      act: fc.constant('run' as const),
      family: fc.constantFrom(...Object.keys(FAMILIES)),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ act: fc.constant('stop' as const), which: fc.nat(30) }),
    fc.record({
      act: fc.constant('report' as const),
      which: fc.nat(30),
      status: fc.constantFrom(...STATUSES),
    }),
    fc.record({ act: fc.constant('reconnect' as const), which: fc.nat(1) }),
    fc.record({ act: fc.constant('register' as const), which: fc.nat(1) }),
  ),
  { maxLength: 25 },
)

test('I5: no host promises more than it has, no port twice; what ended is given back, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const house = await House.open()
      const hosts = [await house.host(), await house.host({ cpu: 1024, memory: 2048 })]
      for (const [family, one] of Object.entries(FAMILIES))
        await house.call('RegisterTaskDefinition', { family, containerDefinitions: [one] })
      const started: Answer[] = []
      for (const step of plan) {
        await act(house, hosts, started, step)
        await check(house, hosts, started)
      }
    }),
    { numRuns: 40 },
  )
})

type Step = Parameters<Parameters<typeof steps.map>[0]>[0][number]

async function act(house: House, hosts: Host[], started: Answer[], step: Step): Promise<void> {
  if (step.act === 'run') {
    const { family, count } = step
    const { tasks } = await house.call('RunTask', { taskDefinition: family, count })
    started.push(...tasks.map((task: Answer) => ({ ...task, family })))
    return
  }
  if (step.act === 'reconnect') return void (await hosts[step.which]?.connect())
  if (step.act === 'register') return registerAgain(house, hosts[step.which] as Host)
  if (started.length === 0) return
  const { taskArn, containerInstanceArn } = started[step.which % started.length]
  const host = hosts.find(({ arn }) => arn === containerInstanceArn) as Host
  if (step.act === 'stop') await house.call('StopTask', { task: taskArn })
  else await host.report(taskArn, step.status, [{ containerName: 'app', status: step.status }])
}

async function registerAgain(house: House, host: Host): Promise<void> {
  const { containerInstances } = await house.call('DescribeContainerInstances', {
    containerInstances: [host.arn],
  })
  const [{ registeredResources: totalResources, attributes }] = containerInstances
  const containerInstanceArn = host.arn
  await house.call('RegisterContainerInstance', {
    containerInstanceArn,
    totalResources,
    attributes,
  })
}

const HELD: Readonly<Record<string, Held>> = {
  small: { cpu: 100, memory: 64, tcp: [], udp: [] },
  large: { cpu: 700, memory: 1000, tcp: [], udp: [] },
  web: { cpu: 0, memory: 64, tcp: ['80'], udp: [] },
  dns: { cpu: 0, memory: 64, tcp: [], udp: ['53'] },
}
type Held = { cpu: number; memory: number; tcp: string[]; udp: string[] }

async function check(house: House, hosts: readonly Host[], started: Answer[]): Promise<void> {
  const states = new Map<string, string>()
  for (let at = 0; at < started.length; at += 100) {
    const asked = started.slice(at, at + 100).map(({ taskArn }) => taskArn)
    for (const task of (await house.call('DescribeTasks', { tasks: asked })).tasks)
      states.set(task.taskArn, task.lastStatus)
  }
  for (const { arn } of hosts) {
    const holding = started
      .filter((task) => task.containerInstanceArn === arn && states.get(task.taskArn) !== 'STOPPED')
      .map(({ family }) => HELD[family] as Held)
    const { containerInstances } = await house.call('DescribeContainerInstances', {
      containerInstances: [arn],
    })
    const [{ registeredResources, remainingResources }] = containerInstances
    const registered = sizes(registeredResources)
    const remaining = sizes(remainingResources)
    const sum = (of: (held: Held) => number): number =>
      holding.reduce((total, held) => total + of(held), 0)
    assert.equal(remaining.cpu, registered.cpu - sum(({ cpu }) => cpu))
    assert.equal(remaining.memory, registered.memory - sum(({ memory }) => memory))
    assert.ok(remaining.cpu >= 0 && remaining.memory >= 0)
    for (const kind of ['tcp', 'udp'] as const) {
      const ports = [...registered[kind], ...holding.flatMap((held) => held[kind])].toSorted()
      assert.deepEqual(remaining[kind].toSorted(), ports)
      assert.equal(new Set(ports).size, ports.length, 'no port twice')
    }
  }
}

function sizes(resources: Answer[]): Held {
  const of = (name: string): Answer => resources.find((one) => one.name === name)
  return {
    cpu: of('CPU').integerValue,
    memory: of('MEMORY').integerValue,
    tcp: of('PORTS').stringSetValue,
    udp: of('PORTS_UDP').stringSetValue,
  }
}
