/** A client that does what else there is to do, and does not mind when nobody answers: it only keeps things moving. */
import { inspect } from 'node:util'

import type { House } from '../parity/house.ts'

const REST_MS = 60_000

type Asked = { readonly operation: string; readonly at: Date; answer?: unknown }

export class Others {
  readonly #house: House
  readonly #cluster: string
  #ended = false
  #isPaused = true
  #gate = Promise.withResolvers<void>()
  #resting = Promise.withResolvers<void>()
  /** What it asked for last, and what came of it. */
  #last: Asked | undefined

  constructor(house: House, cluster: string) {
    this.#house = house
    this.#cluster = cluster
    void this.#run()
  }

  resume(): void {
    this.#isPaused = false
    this.#resting = Promise.withResolvers<void>()
    this.#gate.resolve()
  }

  /** Resolves once nothing is under way. Who is paused waits at his gate: there is no other one for him. */
  async pause(): Promise<void> {
    if (!this.#isPaused) this.#gate = Promise.withResolvers<void>()
    this.#isPaused = true
    const limit = setTimeout(
      () =>
        this.#resting.reject(
          new Error(
            `the others do not come to rest: ${inspect(this.#last)}; the server ${this.#house.server.state}`,
          ),
        ),
      REST_MS,
    )
    await this.#resting.promise.finally(() => clearTimeout(limit))
  }

  end(): void {
    this.#ended = true
    this.resume()
  }

  async #run(): Promise<void> {
    while (!this.#ended)
      for (const act of this.#acts()) {
        this.#resting.resolve()
        await this.#gate.promise
        if (this.#ended) return
        await act().catch(() => new Promise((done) => setTimeout(done, 20)))
      }
  }

  async #api<Answer>(operation: string, input: object): Promise<Answer> {
    const asked: Asked = { operation, at: new Date() }
    this.#last = asked
    try {
      return await this.#house.api<Answer>(operation, input)
    } catch (error) {
      asked.answer = error
      throw error
    } finally {
      asked.answer ??= 'given'
    }
  }

  #acts(): readonly (() => Promise<unknown>)[] {
    const cluster = this.#cluster
    const api = (operation: string, input: object) => () => this.#api(operation, input)
    const setting = { name: 'containerInsights', value: 'enabled' }
    return [
      () => this.#startAndStop(),
      () => this.#onHost(),
      api('RegisterTaskDefinition', {
        family: 'other',
        containerDefinitions: [{ name: 'app', image: 'none', memory: 16 }],
      }),
      () => this.#undefine(),
      api('CreateCluster', { clusterName: 'other' }),
      api('UpdateClusterSettings', { cluster: 'other', settings: [setting] }),
      api('DescribeClusters', { clusters: ['other'] }),
      api('ListClusters', {}),
      api('DeleteCluster', { cluster: 'other' }),
      api('PutAccountSetting', setting),
      api('ListAccountSettings', {}),
      api('DeleteAccountSetting', { name: setting.name }),
      api('ListTaskDefinitionFamilies', {}),
      api('ListTasks', { cluster }),
    ]
  }

  async #startAndStop(): Promise<void> {
    const { tasks } = await this.#api<{ tasks: { taskArn: string }[] }>('RunTask', {
      cluster: this.#cluster,
      taskDefinition: 'steady',
      startedBy: 'other',
    })
    const task = tasks[0]?.taskArn
    if (task === undefined) return
    const described = { cluster: this.#cluster, tasks: [task] }
    for (let looks = 0; looks < 40; looks++) {
      const { tasks: now } = await this.#api<{ tasks: { lastStatus: string }[] }>(
        'DescribeTasks',
        described,
      )
      if (now[0]?.lastStatus === 'RUNNING') break
      await new Promise((done) => setTimeout(done, 50))
    }
    await this.#insist('StopTask', { cluster: this.#cluster, task })
  }

  /** Nothing that it started may be left to run. */
  async #insist(operation: string, input: object): Promise<void> {
    while (!this.#ended)
      try {
        await this.#api(operation, input)
        return
      } catch {
        await new Promise((done) => setTimeout(done, 50))
      }
  }

  async #onHost(): Promise<void> {
    const { containerInstanceArns } = await this.#api<{ containerInstanceArns: string[] }>(
      'ListContainerInstances',
      { cluster: this.#cluster },
    )
    const [targetId = ''] = containerInstanceArns
    const attribute = { name: 'other', value: '1', targetType: 'container-instance', targetId }
    const cluster = this.#cluster
    await this.#api('PutAttributes', { cluster, attributes: [attribute] })
    await this.#api('DeleteAttributes', { cluster, attributes: [attribute] })
    await this.#api('UntagResource', { resourceArn: targetId, tagKeys: ['none'] })
    const change = { cluster, containerInstances: containerInstanceArns }
    await this.#api('UpdateContainerInstancesState', { ...change, status: 'DRAINING' })
    await this.#insist('UpdateContainerInstancesState', { ...change, status: 'ACTIVE' })
    await this.#api('StartTask', { ...change, taskDefinition: 'short', startedBy: 'other' })
  }

  async #undefine(): Promise<void> {
    const { taskDefinitionArns } = await this.#api<{ taskDefinitionArns: string[] }>(
      'ListTaskDefinitions',
      { familyPrefix: 'other' },
    )
    const [taskDefinition] = taskDefinitionArns
    if (taskDefinition === undefined) return
    await this.#api('DeregisterTaskDefinition', { taskDefinition })
    await this.#api('DeleteTaskDefinitions', { taskDefinitions: [taskDefinition] })
  }
}
