/** Clients that write while the house dies around them, and that remember what was acknowledged. */
import assert from 'node:assert/strict'

import { NoAnswer } from '#cli/api.ts'

import { ACCOUNT_ID, type House, REGION, until } from '../parity/house.ts'

const LIVE_MAX = 4
const RECENT = 5
const FAMILIES = ['left', 'right'] as const
type Started = { tasks: { taskArn: string }[]; failures: object[] }
/** One value, one writer: what it may be is what was acknowledged last, or what was tried after. */
type Single = { acknowledged: number; tried: number }

export class Load {
  readonly #house: House
  readonly #cluster: string
  /** By family, the mark of each acknowledged revision. */
  readonly #revisions = new Map(FAMILIES.map((family) => [family, new Map<number, string>()]))
  /** By client token, the task that it started. */
  readonly tokens = new Map<string, string>()
  readonly #attribute: Single = { acknowledged: 0, tried: 0 }
  readonly #tag: Single = { acknowledged: 0, tried: 0 }
  readonly #writers: readonly Promise<void>[]
  acknowledged = 0
  #unanswered = 0
  #ended = false
  #paused = true
  #idle = 0
  #gate = Promise.withResolvers<void>()

  constructor(house: House, cluster: string) {
    this.#house = house
    this.#cluster = cluster
    this.#writers = [
      ...FAMILIES.map((family) => this.#writer(() => this.#register(family))),
      ...['a', 'b'].map((name) => this.#writer((count) => this.#run(`${name}-${count}`))),
      this.#writer(() => this.#putAttribute()),
      this.#writer(() => this.#putTag()),
    ]
  }

  get summary(): string {
    const revisions = [...this.#revisions.values()].reduce((sum, { size }) => sum + size, 0)
    return `${this.acknowledged} acknowledged writes (${revisions} revisions, ${this.tokens.size} tokens), ${this.#unanswered} without an answer`
  }

  resume(): void {
    this.#paused = false
    this.#gate.resolve()
  }

  /** Resolves once no request is under way. A writer in the middle of a retry finishes it first. */
  async pause(): Promise<void> {
    if (!this.#paused) this.#gate = Promise.withResolvers<void>()
    this.#paused = true
    await until('the writers rest', () => this.#idle === this.#writers.length || undefined)
  }

  async end(): Promise<void> {
    this.#ended = true
    this.resume()
    await Promise.all(this.#writers)
  }

  /** What was written last, and that all revisions are there without gaps. */
  async verifyRecent(): Promise<void> {
    await this.#verify(RECENT)
  }

  async verifyAll(): Promise<void> {
    await this.#verify(Number.MAX_SAFE_INTEGER)
  }

  /** `act` is tried, with the same words, until it is acknowledged: as clients do. */
  async #writer(act: (count: number) => Promise<boolean>): Promise<void> {
    for (let count = 0; !this.#ended;) {
      this.#idle++
      await this.#gate.promise
      this.#idle--
      // The second await lets a pause that came meanwhile be seen.
      if (this.#ended || this.#paused) continue
      try {
        if (!(await act(count))) continue
        count++
        this.acknowledged++
      } catch (error) {
        // Everything else is an answer, and a wrong one.
        if (!(error instanceof NoAnswer)) throw error
        this.#unanswered++
        await new Promise((done) => setTimeout(done, 20))
      }
    }
  }

  async #register(family: (typeof FAMILIES)[number]): Promise<boolean> {
    const revisions = this.#revisions.get(family)!
    const mark = `${family}-${this.acknowledged}`
    const { taskDefinition } = await this.#house.api<{ taskDefinition: { revision: number } }>(
      'RegisterTaskDefinition',
      {
        family,
        containerDefinitions: [{ name: 'app', image: 'none', memory: 16, command: [mark] }],
      },
    )
    assert.ok(!revisions.has(taskDefinition.revision), 'a revision was given twice')
    revisions.set(taskDefinition.revision, mark)
    return true
  }

  async #run(token: string): Promise<boolean> {
    const { pendingTasksCount } = await this.#counts()
    if (pendingTasksCount >= LIVE_MAX) return false
    const { tasks } = await this.#start(token)
    // While the agent is away, nothing can be placed: the same token is good for the next try.
    if (tasks.length === 0) return false
    this.tokens.set(token, tasks[0]!.taskArn)
    return true
  }

  async #counts(): Promise<{ pendingTasksCount: number }> {
    type Clusters = { clusters: { pendingTasksCount: number }[] }
    const { clusters } = await this.#house.api<Clusters>('DescribeClusters', {
      clusters: [this.#cluster],
    })
    return clusters[0]!
  }

  #start(clientToken: string): Promise<Started> {
    const asked = { cluster: this.#cluster, taskDefinition: 'short', clientToken }
    return this.#house.api<Started>('RunTask', asked)
  }

  async #putAttribute(): Promise<boolean> {
    const targetId = await this.#instance()
    const value = String(++this.#attribute.tried)
    await this.#house.api('PutAttributes', {
      cluster: this.#cluster,
      attributes: [{ name: 'load', value, targetType: 'container-instance', targetId }],
    })
    this.#attribute.acknowledged = Number(value)
    return true
  }

  async #putTag(): Promise<boolean> {
    const value = String(++this.#tag.tried)
    await this.#house.api('TagResource', {
      resourceArn: this.#clusterArn,
      tags: [{ key: 'load', value }],
    })
    this.#tag.acknowledged = Number(value)
    return true
  }

  get #clusterArn(): string {
    return `arn:aws:ecs:${REGION}:${ACCOUNT_ID}:cluster/${this.#cluster}`
  }

  async #instance(): Promise<string> {
    const { containerInstanceArns } = await this.#house.api<{ containerInstanceArns: string[] }>(
      'ListContainerInstances',
      { cluster: this.#cluster },
    )
    return containerInstanceArns[0]!
  }

  async #verify(recent: number): Promise<void> {
    for (const [family, revisions] of this.#revisions) {
      const last = await this.#dense(family)
      for (const [revision, mark] of [...revisions].slice(-recent)) {
        assert.ok(revision <= last, `${family}:${revision} was acknowledged and is lost`)
        const { taskDefinition } = await this.#house.api<{
          taskDefinition: { containerDefinitions: { command: string[] }[] }
        }>('DescribeTaskDefinition', { taskDefinition: `${family}:${revision}` })
        assert.deepEqual(taskDefinition.containerDefinitions[0]?.command, [mark])
      }
    }
    for (const [token, arn] of [...this.tokens].slice(-recent))
      assert.deepEqual(
        (await this.#start(token)).tasks.map(({ taskArn }) => taskArn),
        [arn],
        `token ${token}`,
      )
    const { attributes } = await this.#house.api<{ attributes: { value: string }[] }>(
      'ListAttributes',
      { cluster: this.#cluster, targetType: 'container-instance', attributeName: 'load' },
    )
    within('attribute', Number(attributes[0]?.value ?? 0), this.#attribute)
    const { tags } = await this.#house.api<{ tags: { key: string; value: string }[] }>(
      'ListTagsForResource',
      { resourceArn: this.#clusterArn },
    )
    within('tag', Number(tags.find(({ key }) => key === 'load')?.value ?? 0), this.#tag)
  }

  /** The last revision, once it is sure that none before it is missing. */
  async #dense(family: string): Promise<number> {
    const revisions: number[] = []
    let nextToken: string | undefined
    do {
      const page = await this.#house.api<{ taskDefinitionArns: string[]; nextToken?: string }>(
        'ListTaskDefinitions',
        { familyPrefix: family, nextToken },
      )
      revisions.push(...page.taskDefinitionArns.map((arn) => Number(arn.split(':').at(-1))))
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    assert.deepEqual(
      revisions,
      revisions.map((_, index) => index + 1),
      `${family}: revisions are dense`,
    )
    return revisions.length
  }
}

function within(what: string, value: number, { acknowledged, tried }: Single): void {
  assert.ok(
    value >= acknowledged && value <= tried,
    `${what} is ${value}; acknowledged ${acknowledged}, tried ${tried}`,
  )
}
