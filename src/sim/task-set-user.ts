/** An external controller: makes services whose deployments are its task sets, and scales, promotes and deletes those. */
import { CLUSTER } from './place.ts'
import type { Acts, Answer, ServiceUserOptions } from './service-user.ts'

const DESIRED_MAX = 6
const SCALES = [0, 10, 25, 50, 100]

export class TaskSetUser {
  readonly #options: ServiceUserOptions
  readonly #name: () => string

  /** `name` gives one of the services, whoever made it. */
  constructor(options: ServiceUserOptions, name: () => string) {
    this.#options = options
    this.#name = name
  }

  get acts(): Acts {
    return [
      [4, () => this.#createService()],
      [6, () => this.#create()],
      [4, () => this.#scale()],
      [3, () => this.#promote()],
      [3, () => this.#delete()],
    ]
  }

  #createService(): Promise<Answer> {
    const { rng, ask } = this.#options
    return ask('CreateService', {
      cluster: CLUSTER,
      serviceName: this.#name(),
      deploymentController: { type: 'EXTERNAL' },
      desiredCount: rng.between(0, DESIRED_MAX),
    })
  }

  async #create(): Promise<void> {
    const { rng, ask } = this.#options
    const taskDefinition = rng.pick(this.#options.definitions())
    const scale = { value: rng.pick(SCALES), unit: 'PERCENT' }
    const input = { cluster: CLUSTER, service: this.#name(), taskDefinition, scale }
    if (taskDefinition) await ask('CreateTaskSet', input)
  }

  async #scale(): Promise<void> {
    const { rng } = this.#options
    await this.#ask('UpdateTaskSet', 'taskSet', {
      scale: { value: rng.pick(SCALES), unit: 'PERCENT' },
    })
  }

  async #promote(): Promise<void> {
    await this.#ask('UpdateServicePrimaryTaskSet', 'primaryTaskSet', {})
  }

  async #delete(): Promise<void> {
    await this.#ask('DeleteTaskSet', 'taskSet', { force: this.#options.rng.chance(0.7) })
  }

  /** Asks it of one of a service's task sets, which `member` names. */
  async #ask(operation: string, member: string, more: object): Promise<void> {
    const { rng, ask } = this.#options
    const of = { cluster: CLUSTER, service: this.#name() }
    const answer = await ask('DescribeTaskSets', of)
    const one = rng.pick<{ id: string }>(answer?.taskSets ?? [])
    if (one) await ask(operation, { ...of, [member]: one.id, ...more })
  }
}
