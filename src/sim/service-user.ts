/** What a user does with services: makes them, changes them in the middle of whatever is going on, and deletes them. */
import type { Clock } from '#kernel/clock.ts'

import { CLUSTER } from './place.ts'
import type { Rng } from './rng.ts'
import { TaskSetUser } from './task-set-user.ts'

/** Few names, so that users meet, and names are used again. */
const NAMES = ['alpha', 'beta', 'gamma', 'delta']
const DESIRED_MAX = 6
const PERCENTS: readonly (readonly [min: number, max: number])[] = [
  [100, 200],
  [50, 100],
  [50, 200],
  [0, 100],
  [75, 150],
  [100, 125],
]

// Answers are read by name; what is in them is the contract's matter.
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any

export type ServiceUserOptions = {
  readonly ask: (operation: string, input: object) => Promise<Answer>
  readonly clock: Clock
  readonly rng: Rng
  readonly definitions: () => readonly string[]
}
export type Acts = readonly (readonly [weight: number, act: () => Promise<unknown>])[]

export class ServiceUser {
  readonly #options: ServiceUserOptions
  /** Services whose making was acknowledged: each is described for as long as the world lasts. */
  readonly #known = new Set<string>()
  readonly #taskSets: TaskSetUser

  constructor(options: ServiceUserOptions) {
    this.#options = options
    this.#taskSets = new TaskSetUser(options, () => this.#name())
  }

  get acts(): Acts {
    return [
      [12, () => this.#create()],
      [8, () => this.#update()],
      [6, () => this.#scale()],
      [3, () => this.#force()],
      [3, () => this.#goBack()],
      [4, () => this.#protect()],
      [3, () => this.#answerPause()],
      [5, () => this.#delete()],
      [4, () => this.#describe()],
      ...this.#taskSets.acts,
    ]
  }

  /** What was acknowledged is still there for whoever asks. */
  async missing(): Promise<readonly string[]> {
    if (this.#known.size === 0) return []
    const services = [...this.#known]
    const answer = await this.#options.ask('DescribeServices', { cluster: CLUSTER, services })
    const found = new Set((answer?.services ?? []).map((one: Answer) => one.serviceName))
    return services.filter((name) => !found.has(name))
  }

  async #create(): Promise<void> {
    const { rng, ask } = this.#options
    const taskDefinition = rng.pick(this.#options.definitions())
    if (!taskDefinition) return
    const isDaemon = rng.chance(0.25)
    const answer = await ask('CreateService', {
      cluster: CLUSTER,
      serviceName: this.#name(),
      taskDefinition,
      schedulingStrategy: isDaemon ? 'DAEMON' : 'REPLICA',
      ...(!isDaemon && { desiredCount: rng.between(0, DESIRED_MAX) }),
      healthCheckGracePeriodSeconds: rng.pick([0, 0, 60]),
      deploymentConfiguration: this.#configuration(isDaemon),
    })
    if (answer) this.#known.add(answer.service.serviceName)
  }

  #configuration(isDaemon: boolean): object {
    const { rng } = this.#options
    const [minimumHealthyPercent = 0, maximumPercent = 0] = rng.pick(PERCENTS) ?? []
    const isWatched = rng.chance(0.5)
    const pause = {
      targetType: 'PAUSE',
      lifecycleStages: [rng.pick(['PRE_SCALE_UP', 'POST_SCALE_UP', 'RECONCILE_SERVICE'])],
      timeoutConfiguration: {
        timeoutInMinutes: rng.between(1, 4),
        action: rng.pick(['CONTINUE', 'ROLLBACK']),
      },
    }
    return {
      ...(isDaemon
        ? { minimumHealthyPercent: rng.pick([0, 50]), maximumPercent: 100 }
        : { minimumHealthyPercent, maximumPercent }),
      deploymentCircuitBreaker: { enable: isWatched, rollback: rng.chance(0.7) },
      bakeTimeInMinutes: rng.pick([0, 0, 1]),
      lifecycleHooks: rng.chance(0.15) ? [pause] : [],
    }
  }

  async #update(): Promise<void> {
    const { rng, ask } = this.#options
    const taskDefinition = rng.pick(this.#options.definitions())
    const deploymentConfiguration = this.#configuration(rng.chance(0.25))
    await ask('UpdateService', {
      cluster: CLUSTER,
      service: this.#name(),
      ...(rng.chance(0.8) && { taskDefinition }),
      ...(rng.chance(0.3) && { deploymentConfiguration }),
    })
  }

  async #scale(): Promise<void> {
    const desiredCount = this.#options.rng.between(0, DESIRED_MAX)
    await this.#ask('UpdateService', { desiredCount })
  }

  async #force(): Promise<void> {
    await this.#ask('UpdateService', { forceNewDeployment: true })
  }

  async #goBack(): Promise<void> {
    const { rng, ask } = this.#options
    const serviceDeploymentArn = await this.#latest()
    const stopType = rng.pick(['ROLLBACK', 'ROLLBACK', 'ABORT'])
    if (serviceDeploymentArn) await ask('StopServiceDeployment', { serviceDeploymentArn, stopType })
  }

  async #protect(): Promise<void> {
    const { rng, ask } = this.#options
    const answer = await ask('ListTasks', { cluster: CLUSTER, serviceName: this.#name() })
    const tasks = (answer?.taskArns ?? []).filter(() => rng.chance(0.5))
    if (tasks.length > 0)
      await ask('UpdateTaskProtection', {
        cluster: CLUSTER,
        tasks,
        protectionEnabled: rng.chance(0.8),
        expiresInMinutes: rng.between(1, 6),
      })
  }

  async #answerPause(): Promise<void> {
    const { rng, ask } = this.#options
    const arn = await this.#latest()
    if (!arn) return
    const answer = await ask('DescribeServiceDeployments', { serviceDeploymentArns: [arn] })
    for (const { hookId } of answer?.serviceDeployments[0]?.lifecycleHookDetails ?? [])
      await ask('ContinueServiceDeployment', {
        serviceDeploymentArn: arn,
        hookId,
        action: rng.pick(['CONTINUE', 'ROLLBACK']),
      })
  }

  async #delete(): Promise<void> {
    const { rng } = this.#options
    await this.#ask('DeleteService', { force: rng.chance(0.8) })
  }

  async #describe(): Promise<void> {
    const { ask } = this.#options
    await ask('DescribeServices', { cluster: CLUSTER, services: NAMES, include: ['TAGS'] })
    await ask('ListServices', { cluster: CLUSTER })
  }

  async #latest(): Promise<string | undefined> {
    const answer = await this.#ask('ListServiceDeployments', {})
    return answer?.serviceDeployments[0]?.serviceDeploymentArn
  }

  /** Asks it of one of the services. */
  #ask(operation: string, input: object): Promise<Answer> {
    return this.#options.ask(operation, { cluster: CLUSTER, service: this.#name(), ...input })
  }

  #name(): string {
    return this.#options.rng.pick(NAMES) ?? ''
  }
}
