/** Somebody who uses the cluster: starts, stops, describes, and asks again with the same token when no answer came. */
import { CallFault } from '#agent/control-plane.ts'
import type { Calls } from '#agent/outside.ts'
import type { Clock } from '#kernel/clock.ts'

import { TOKEN } from './checks/i02-token.ts'
import { aDefinition } from './definitions.ts'
import { CallLost } from './network.ts'
import { CLUSTER } from './place.ts'
import type { Rng } from './rng.ts'
import { ServiceUser } from './service-user.ts'

const AGAIN_MS_MAX = 5_000
/** How often a token is used for another request at once. */
const MISUSED = 0.1
const TASKS_REMEMBERED = 200
/** A stopped task may be forgotten an hour after its end, and so no earlier after its start. */
const READABLE_MS = 55 * 60_000
const DESCRIBED_AT_ONCE = 100
const TASTES = [
  { services: 0, tasks: 1 },
  { services: 1, tasks: 0.1 },
  { services: 1, tasks: 0.1 },
  { services: 1, tasks: 1 },
]

// Answers are read by name; what is in them is the contract's matter.
// oxlint-disable-next-line typescript/no-explicit-any
type Answer = any
type Known = { readonly arn: string; readonly at: number }

export type UserOptions = {
  readonly name: string
  readonly calls: Calls
  readonly clock: Clock
  readonly rng: Rng
  readonly failed: (message: string) => void
}

export class User {
  readonly #options: UserOptions
  readonly #services: ServiceUser
  /** How much this one has to do with services, and how much with tasks that stand alone. */
  readonly #taste: { readonly services: number; readonly tasks: number }
  #tasks: Known[] = []
  #definitions: string[] = []
  #hosts: string[] = []
  #count = 0

  constructor(options: UserOptions) {
    this.#options = options
    this.#services = new ServiceUser({
      ask: (operation, input) => this.#ask(operation, input),
      clock: options.clock,
      rng: options.rng.fork('services'),
      definitions: () => this.#definitions,
    })
    const { services = 1, tasks = 1 } = options.rng.fork('taste').pick(TASTES) ?? {}
    this.#taste = { services, tasks }
  }

  /** Does one thing of those that users do, to its end. */
  async act(): Promise<void> {
    const { rng } = this.#options
    const acts: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
      [4, () => this.define()],
      [25 * this.#taste.tasks, () => this.#run()],
      [5 * this.#taste.tasks, () => this.#startTask()],
      [20 * this.#taste.tasks, () => this.#stop()],
      [4, () => this.#stopAny()],
      [10, () => this.#describe()],
      [3, () => this.#undefine()],
      [3, () => this.#tag()],
      [3, () => this.#drain()],
      [1, () => this.#deregisterHost()],
      ...this.#services.acts.map(([weight, act]) => [weight * this.#taste.services, act] as const),
    ]
    let at = rng.next() * acts.reduce((sum, [weight]) => sum + weight, 0)
    const chosen = acts.find(([weight]) => (at -= weight) < 0)
    await chosen?.[1]()
  }

  async define(): Promise<void> {
    const answer = await this.#ask('RegisterTaskDefinition', aDefinition(this.#options.rng))
    if (answer) this.#definitions.push(answer.taskDefinition.taskDefinitionArn)
  }

  async ask(operation: string, input: object): Promise<Answer> {
    return this.#ask(operation, input)
  }

  /** What was acknowledged is still there for whoever asks. */
  async readBack(): Promise<void> {
    const { clock, failed } = this.#options
    const young = this.#tasks
      .filter(({ at }) => clock.now() - at < READABLE_MS)
      .map(({ arn }) => arn)
    for (let at = 0; at < young.length; at += DESCRIBED_AT_ONCE) {
      const asked = young.slice(at, at + DESCRIBED_AT_ONCE)
      const answer = await this.#ask('DescribeTasks', { cluster: CLUSTER, tasks: asked })
      for (const { arn } of answer?.failures ?? [])
        failed(`I1: ${arn} was acknowledged and is gone`)
    }
    for (const taskDefinition of this.#definitions.slice(-DESCRIBED_AT_ONCE))
      if (!(await this.#ask('DescribeTaskDefinition', { taskDefinition })))
        failed(`I1: ${taskDefinition} was acknowledged and is gone`)
    for (const name of await this.#services.missing())
      failed(`I1: the service ${name} was acknowledged and is gone`)
  }

  async #run(): Promise<void> {
    const { rng, name, clock } = this.#options
    const taskDefinition = rng.pick(this.#definitions)
    if (!taskDefinition) return
    const token = `${TOKEN}${name}-${++this.#count}`
    const count = rng.between(1, 3)
    const request = { cluster: CLUSTER, taskDefinition, clientToken: token, startedBy: token }
    // A refusal says what the token has started, and may be computed before that is durable.
    if (rng.chance(MISUSED)) void this.#ask('RunTask', { ...request, count: count + 1 }, 1)
    const answer = await this.#ask('RunTask', { ...request, count })
    for (const { taskArn } of answer?.tasks ?? []) this.#remember({ arn: taskArn, at: clock.now() })
  }

  async #startTask(): Promise<void> {
    const { rng, clock } = this.#options
    await this.#findHosts()
    const taskDefinition = rng.pick(this.#definitions)
    const host = rng.pick(this.#hosts)
    if (!taskDefinition || !host) return
    const input = { cluster: CLUSTER, taskDefinition, containerInstances: [host] }
    const answer = await this.#ask('StartTask', input, 1)
    for (const { taskArn } of answer?.tasks ?? []) this.#remember({ arn: taskArn, at: clock.now() })
  }

  async #stop(): Promise<void> {
    const task = this.#options.rng.pick(this.#tasks)
    if (task) await this.#ask('StopTask', { cluster: CLUSTER, task: task.arn })
  }

  /** Also what a service has started. */
  async #stopAny(): Promise<void> {
    const answer = await this.#ask('ListTasks', { cluster: CLUSTER })
    const task = this.#options.rng.pick<string>(answer?.taskArns ?? [])
    if (task) await this.#ask('StopTask', { cluster: CLUSTER, task })
  }

  async #describe(): Promise<void> {
    const task = this.#options.rng.pick(this.#tasks)
    if (task)
      await this.#ask('DescribeTasks', { cluster: CLUSTER, tasks: [task.arn], include: ['TAGS'] })
    await this.#ask('ListTasks', { cluster: CLUSTER })
  }

  async #undefine(): Promise<void> {
    const taskDefinition = this.#options.rng.pick(this.#definitions)
    if (taskDefinition && this.#definitions.length > 3)
      await this.#ask('DeregisterTaskDefinition', { taskDefinition })
  }

  async #tag(): Promise<void> {
    const { rng } = this.#options
    const task = rng.pick(this.#tasks)
    const tags = [{ key: 'number', value: String(rng.between(1, 9)) }]
    if (task) await this.#ask('TagResource', { resourceArn: task.arn, tags })
  }

  async #drain(): Promise<void> {
    await this.#findHosts()
    const host = this.#options.rng.pick(this.#hosts)
    if (!host) return
    for (const status of ['DRAINING', 'ACTIVE']) {
      await this.#ask('UpdateContainerInstancesState', {
        cluster: CLUSTER,
        containerInstances: [host],
        status,
      })
      await this.#options.clock.sleep(this.#options.rng.between(0, 60_000))
    }
  }

  async #deregisterHost(): Promise<void> {
    await this.#findHosts()
    const containerInstance = this.#options.rng.pick(this.#hosts)
    if (containerInstance)
      await this.#ask('DeregisterContainerInstance', {
        cluster: CLUSTER,
        containerInstance,
        force: true,
      })
  }

  async #findHosts(): Promise<void> {
    const answer = await this.#ask('ListContainerInstances', { cluster: CLUSTER })
    this.#hosts = answer?.containerInstanceArns ?? []
  }

  #remember(task: Known): void {
    this.#tasks.push(task)
    if (this.#tasks.length > TASKS_REMEMBERED) this.#tasks.shift()
  }

  /** Asks until there is an answer; `undefined` when it is no. What nobody answers `tries` times is given up. */
  async #ask(operation: string, input: object, tries = Infinity): Promise<Answer> {
    const { calls, clock, rng } = this.#options
    for (let n = 0; n < tries; n++)
      try {
        return await calls.call(operation, input)
      } catch (error) {
        if (error instanceof CallFault && !error.again) return undefined
        if (!(error instanceof CallLost) && !(error instanceof CallFault)) throw error
        await clock.sleep(rng.between(0, AGAIN_MS_MAX))
      }
    return undefined
  }
}
