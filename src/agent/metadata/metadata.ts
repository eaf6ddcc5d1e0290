/**
 * What containers may ask on 169.254.170.2: who they are (task metadata, versions 3 and 4), what they use, their
 * role's credentials, and whether their task is protected. Each container has an address of its own that nobody else
 * can guess, so one endpoint serves all tasks of a host. Paths, members and texts are those of Amazon's agent.
 */
import type { Clock } from '#kernel/clock.ts'
import { type Rate, TokenBuckets } from '#kernel/token-buckets.ts'
import type { Tag } from '#wire/calls.ts'

import type { ControlPlane } from '../control-plane.ts'
import type { Engine } from '../engine.ts'
import type { HttpAnswer, HttpQuestion } from '../host.ts'
import { associationsOf } from '../tasks/gpus.ts'
import { containerOf, containersOf, type KnownTask } from '../tasks/task.ts'
import { json, text } from './answers.ts'
import { containerView, type ContainerView, type ViewVersion } from './container-view.ts'
import { credentialsAnswer, type CredentialStore } from './credentials.ts'
import { protectionAnswer } from './protection.ts'
import { StatsReader } from './stats.ts'
import { tagErrors, type TaskPlace, taskView } from './task-view.ts'

export type MetadataOptions = TaskPlace & {
  readonly engine: Engine
  readonly clock: Clock
  readonly controlPlane: ControlPlane
  readonly containerInstanceArn: string
  readonly rate: Rate
  readonly credentials: CredentialStore
  /** As the control plane keeps telling them; `undefined` where it does not, and has to be asked. */
  readonly instanceTags?: (() => readonly Tag[] | undefined) | undefined
  readonly tasks: () => ReadonlyMap<string, KnownTask>
}

/** Who asks: the container whose address it is, and its task. */
type Asker = { readonly task: KnownTask; readonly name: string }
/** What is asked of the metadata: `rest` is the path after the container's own address. */
type Asked = {
  readonly version: ViewVersion
  readonly id: string
  readonly rest: string
  readonly asker: Asker | undefined
}

/** Shares that are remembered. */
const CALLERS_MAX = 10_000
const METADATA_PATH = /^\/(v3|v4)\/[^/]+(\/.*)?$/
const ID_IN_PATH = /^\/(?:v3|v4|api)\/([^/]+)/
const PROTECTION_PATH = /^\/api\/[^/]+\/task-protection\/v1\/state$/

export class Metadata {
  readonly #options: MetadataOptions
  readonly #buckets: TokenBuckets
  readonly #stats: StatsReader

  constructor(options: MetadataOptions) {
    this.#options = options
    this.#buckets = new TokenBuckets(options.clock, CALLERS_MAX)
    this.#stats = new StatsReader(options.engine, options.clock)
  }

  async answer(question: HttpQuestion): Promise<HttpAnswer> {
    const { path } = question
    // Each path of a container has a share of its own; who guesses has one for all guesses.
    const [, id = ''] = ID_IN_PATH.exec(path) ?? []
    const asker = this.#find(id)
    const share = asker ? `${question.from} ${path}` : question.from
    if (!this.#buckets.take(share, this.#options.rate))
      return text(429, 'You have reached maximum request limit.')
    const credentials = credentialsAnswer(
      question,
      this.#options.credentials,
      this.#options.tasks(),
    )
    if (credentials) return credentials
    const [, version, rest = ''] = METADATA_PATH.exec(path) ?? []
    if (version === 'v3' || version === 'v4')
      return this.#metadata({ version, id, rest, asker }, question)
    if (PROTECTION_PATH.test(path)) return this.#protection(asker, question)
    return text(404, '404 page not found')
  }

  async #metadata(
    { version, id, rest, asker }: Asked,
    { method }: HttpQuestion,
  ): Promise<HttpAnswer> {
    if (method !== 'GET') return text(405, 'Method Not Allowed')
    const what = WHAT[rest]
    if (what === undefined && !rest.startsWith('/associations/'))
      return text(404, '404 page not found')
    if (!asker) {
      const handler = `${version.toUpperCase()} ${what ?? 'task associations'} handler`
      return json(
        404,
        `${handler}: unable to get ${NEEDED[rest] ?? 'task ARN'} from request: unable to get docker ID from v3 endpoint ID: ${id}`,
      )
    }
    const { task, name } = asker
    switch (rest) {
      case '':
      case '/':
        return json(200, await this.#container(version, task, name))
      case '/task':
        return json(200, await this.#task(version, task))
      case '/taskWithTags':
        return json(200, await this.#taskWithTags(version, task))
      case '/stats':
        return json(200, await this.#stats.read(containerOf(task, name).dockerId))
      case '/task/stats':
        return json(200, await this.#taskStats(task))
      default:
        return associations(task, name, rest)
    }
  }

  async #container(version: ViewVersion, task: KnownTask, name: string): Promise<ContainerView> {
    const { dockerId } = containerOf(task, name)
    const seen = dockerId === undefined ? undefined : await this.#options.engine.inspect(dockerId)
    return containerView(version, task, name, seen)
  }

  async #task(version: ViewVersion, task: KnownTask): Promise<object> {
    const containers = await Promise.all(
      containersOf(task).map(({ name }) => this.#container(version, task, name)),
    )
    return taskView(version, task, this.#options, containers)
  }

  async #taskWithTags(version: ViewVersion, task: KnownTask): Promise<object> {
    const { controlPlane, containerInstanceArn } = this.#options
    const view = await this.#task(version, task)
    const asked = { TaskTags: task.arn, ContainerInstanceTags: containerInstanceArn }
    const errors: object[] = []
    const tags: Record<string, Readonly<Record<string, string>>> = {}
    for (const [field, arn] of Object.entries(asked))
      try {
        const known = arn === containerInstanceArn ? this.#options.instanceTags?.() : undefined
        const found = known ?? (await controlPlane.listTags(arn))
        if (found.length > 0)
          tags[field] = Object.fromEntries(found.map(({ key, value }) => [key, value]))
      } catch (error) {
        errors.push(tagErrors(field, arn, error))
      }
    return { ...view, ...tags, ...(errors.length > 0 ? { Errors: errors } : {}) }
  }

  async #taskStats(task: KnownTask): Promise<object> {
    const ids = Object.values(task.containers).flatMap(({ dockerId }) => dockerId ?? [])
    const stats = await Promise.all(
      ids.map(async (id) => [id, await this.#stats.read(id)] as const),
    )
    return Object.fromEntries(stats)
  }

  async #protection(asker: Asker | undefined, question: HttpQuestion): Promise<HttpAnswer> {
    if (!asker)
      return json(404, {
        error: {
          Code: 'ResourceNotFoundException',
          Message: 'Failed to find a task for the request',
        },
      })
    const { controlPlane, cluster, credentials } = this.#options
    const { task } = asker
    const role = task.credentialsId === undefined ? undefined : credentials.get(task.credentialsId)
    return protectionAnswer(question, task.arn, cluster, role && { controlPlane, role })
  }

  #find(id: string): Asker | undefined {
    for (const task of this.#options.tasks().values())
      for (const [name, { endpointId }] of Object.entries(task.containers))
        if (endpointId === id) return { task, name }
    return undefined
  }
}

/** What each path gives, in the words of Amazon's errors. */
const WHAT: Readonly<Record<string, string>> = {
  '': 'container metadata',
  '/': 'container metadata',
  '/task': 'task metadata',
  '/taskWithTags': 'task metadata',
  '/stats': 'container stats',
  '/task/stats': 'task stats',
}
const NEEDED: Readonly<Record<string, string>> = {
  '': 'container ID',
  '/': 'container ID',
  '/stats': 'container',
}

/** The only associations that hosts have are GPUs: their ids, or one of them. */
function associations(task: KnownTask, container: string, rest: string): HttpAnswer {
  const [, type, wanted] = /^\/associations\/([^/]+)(?:\/([^/]+))?$/.exec(rest) ?? []
  const mine = associationsOf(task.definition, container, type)
  if (wanted === undefined) return json(200, { Associations: mine.map(({ name }) => name) })
  const found = mine.find(({ name }) => name === wanted)
  return found ? text(200, found.content?.value ?? '') : json(404, `no association ${wanted}`)
}
