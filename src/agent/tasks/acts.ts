import type { HostPolicy } from '#wire/host-policy.ts'
import type { AcsContainer } from '#wire/task.ts'

import type { PullBehavior } from '../config.ts'
import { EngineError, type Engine, type Image, type Observed } from '../engine.ts'
import type { Host } from '../host.ts'
import type { Slots } from '../slots.ts'
import { attachments } from './attach.ts'
import { changeAttachment } from './attachments.ts'
import type { ContainerLogs } from './container-logs.ts'
import { containerBody, LABELS, REGION_VARIABLES, type BodySettings, type Owner } from './create.ts'
import { checkRealPaths } from './host-use.ts'
import type { ImageCleanup } from './image-cleanup.ts'
import { ensureImage, type Again } from './images.ts'
import { PAUSE_CHANGES, PAUSE_IMAGE } from './pause.ts'
import type { PortChooser } from './ports.ts'
import { hasRunSince } from './restarts.ts'
import type { Act, AttachmentAct, ContainerAct } from './step.ts'
import {
  change,
  containerOf,
  containersOf,
  observe,
  restarted,
  type KnownContainer,
  type KnownTask,
} from './task.ts'

/** How long what failed, or has not come about yet, waits for its next try. */
export const AGAIN_MS = 5_000
/**
 * An engine that answers for a container is not starting it at that moment. What an agent before this one asked for has
 * reached an engine that answers by then, or never will.
 */
const UNDER_WAY_MS = 10_000

/** Labels of images that builders write have some hundred KiB. */
const IMAGE_CONFIG_BYTES_MAX = 1024 * 1024

export type Tools = {
  readonly engine: Engine
  readonly host: Host
  readonly owner: Owner
  readonly settings: BodySettings
  readonly hostPolicy: HostPolicy
  readonly ports: PortChooser
  readonly images: ImageCleanup
  readonly logs: ContainerLogs | undefined
  readonly again: Again
  readonly pullBehavior: PullBehavior
  readonly stopTimeoutSeconds: number
  /** Creates and starts: more at a time than these only make each of them slower. */
  readonly starts: Slots
  readonly pulls: Slots
  readonly now: () => number
  /** Resolves once what is known is durable. */
  readonly save: () => Promise<void>
  /** Resolves once it is durable that the engine is asked to start this container; false where it must not be. */
  readonly noteStart: (arn: string, container: string) => Promise<boolean>
}

/** What an act leads to: laid over the task as it is by then, which may have moved on meanwhile. */
export type Outcome = (task: KnownTask) => KnownTask

/** Does one act on the engine. A failure of the world is an outcome too, never an exception. */
export async function perform(task: KnownTask, act: Act, tools: Tools): Promise<Outcome> {
  if ('attachment' in act) return performAttachment(task, act, tools)
  const name = act.container
  const container = containersOf(task).find((one) => one.name === name)
  if (!container) return (now) => now
  let outcome: Outcome
  try {
    outcome = await doing[act.type](task, container, tools)
  } catch (error) {
    outcome = failure(act, reasonOf(error), tools.now())
  }
  return (now) => outcome(change(now, name, { doing: undefined }))
}

/** What cannot be attached fails the containers that need it; what cannot be detached is tried again. */
async function performAttachment(
  task: KnownTask,
  { type, attachment: name }: AttachmentAct,
  tools: Tools,
): Promise<Outcome> {
  const { attach, detach } = attachments[name]
  try {
    if (type === 'detach') {
      await detach(task, tools)
      return (now) => changeAttachment(now, name, { doing: undefined, status: 'DETACHED' })
    }
    const value = await tools.starts.run(() => attach(task, tools))
    return (now) => changeAttachment(now, name, { doing: undefined, status: 'ATTACHED', value })
  } catch (error) {
    const failure = reasonOf(error)
    const againAt = tools.now() + AGAIN_MS
    return (now) => changeAttachment(now, name, { doing: undefined, failure, againAt })
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof EngineError ? error.reason : `AgentError: ${String(error)}`

type Work = (task: KnownTask, container: AcsContainer, tools: Tools) => Promise<Outcome>

const doing: Readonly<Record<ContainerAct['type'], Work>> = {
  async pull(_task, { name, image }, tools) {
    const { digest, variables } = await tools.pulls.run(() => imageOf(image, tools))
    const at = tools.now()
    const imageVariables = REGION_VARIABLES.filter((variable) => variables.includes(variable))
    return (task) => ({
      ...change(task, name, { status: 'PULLED', imageDigest: digest, imageVariables }),
      pullStoppedAt: at,
    })
  },

  async create(task, container, tools) {
    const { engine, host, owner, settings, ports, logs, starts, hostPolicy } = tools
    logs?.check(container)
    const dockerId = await starts.run(async () => {
      // As late as can be: what a path leads to may change.
      await checkRealPaths(task.definition, hostPolicy, host)
      const parentGroup = task.attachments?.group?.value
      const hostPorts = await ports.choose(container)
      const { dockerName } = containerOf(task, container.name)
      const body = containerBody(task, container, owner, { ...settings, parentGroup, hostPorts })
      return engine.create(dockerName, body).catch(async (error: unknown) => {
        // Its answer may have been lost, now or in an earlier life of the agent.
        const seen = await engine.inspect(dockerName).catch(() => undefined)
        if (seen?.state !== 'created' || seen.labels[LABELS.taskArn] !== task.arn) throw error
        return seen.id
      })
    })
    return (known) => change(known, container.name, { status: 'CREATED', dockerId })
  },

  async restart(task, { name }, tools) {
    const { engine, now } = tools
    const { dockerId = '', ended, startAskedAt } = containerOf(task, name)
    if (startAskedAt !== undefined)
      return lookedAt(name, dockerId, tools, (seen, at) =>
        seen && ended && hasRunSince(ended, seen)
          ? (known) => observe(restarted(known, name, ended, seen.startedAt), name, seen, at)
          : awaited(name, startAskedAt, at),
      )
    if (!(await startOnce(task, name, tools, () => engine.start(dockerId))))
      return later(name, now(), { startAskedAt })
    const seen = await engine.inspect(dockerId).catch(() => undefined)
    const at = now()
    return (known) => {
      const started = restarted(known, name, ended, seen?.startedAt)
      // It may have ended again by now.
      return seen ? observe(started, name, seen, at) : started
    }
  },

  async start(task, container, tools) {
    const { engine, logs, now } = tools
    const { name } = container
    const { dockerId: id = '', startAskedAt } = containerOf(task, name)
    if (startAskedAt !== undefined)
      return lookedAt(name, id, tools, (seen, at) => {
        if (seen?.state !== 'created') return (known) => observe(known, name, seen, at)
        if (seen.error !== '') throw new EngineError('CannotStartContainerError', seen.error)
        return awaited(name, startAskedAt, at)
      })
    await logs?.prepare(task, container)
    const start = (): Promise<void> =>
      engine.start(id).catch(async (error: unknown) => {
        const seen = await engine.inspect(id).catch(() => undefined)
        if (!seen || seen.state === 'created') throw error
      })
    if (!(await startOnce(task, name, tools, start))) return later(name, now(), { startAskedAt })
    // It has started, whatever the inspection says: it must never be started twice.
    const seen = await engine.inspect(id).catch(() => undefined)
    const at = now()
    return (known) =>
      seen && seen.state !== 'created'
        ? observe(known, name, seen, at)
        : change(known, name, { status: 'RUNNING', startedAt: at, startAskedAt: undefined })
  },

  async stop(task, container, { engine, stopTimeoutSeconds, now }) {
    const id = containerOf(task, container.name).dockerId ?? ''
    await engine.stop(id, container.stopTimeout || stopTimeoutSeconds)
    const seen = await engine.inspect(id)
    return (known) => {
      const stopped = observe(known, container.name, seen, now())
      return change(stopped, container.name, { againAt: now() + AGAIN_MS })
    }
  },

  async remove(task, { name }, { engine, now, save }) {
    const { dockerId, dockerName } = containerOf(task, name)
    // Its label may be all that says that it was started: an agent that forgot it too would start another.
    await save()
    await engine.remove(dockerId ?? dockerName)
    return (known) => {
      const { failure } = containerOf(known, name)
      const end = { status: 'STOPPED', reason: failure || undefined, finishedAt: now() } as const
      return change(known, name, { removed: true, ...(failure !== undefined && end) })
    }
  },
}

/** Asks the engine once it is durable that it is asked; false, and nothing is done, where that cannot be. */
function startOnce(
  task: KnownTask,
  name: string,
  { starts, noteStart }: Tools,
  start: () => Promise<void>,
): Promise<boolean> {
  return starts.run(async () => {
    if (!(await noteStart(task.arn, name))) return false
    await start()
    return true
  })
}

/** What became of a start that an agent before this one asked for. */
async function lookedAt(
  name: string,
  id: string,
  { engine, now }: Tools,
  outcomeOf: (seen: Observed | undefined, at: number) => Outcome,
): Promise<Outcome> {
  let seen: Observed | undefined
  try {
    seen = await engine.inspect(id)
  } catch {
    // It may be starting it just now: time counts from its next answer.
    return later(name, now(), { startAskedAt: now() })
  }
  return outcomeOf(seen, now())
}

/** A start that has not come about is waited for while it may; then it is asked for anew. */
function awaited(name: string, askedAt: number, now: number): Outcome {
  if (now < askedAt + UNDER_WAY_MS) return later(name, now)
  return (task) => change(task, name, { startAskedAt: undefined })
}

function later(name: string, now: number, patch: Partial<KnownContainer> = {}): Outcome {
  return (task) => change(task, name, { ...patch, againAt: now + AGAIN_MS })
}

/**
 * A container that could not be brought to life is over, once it is certain that the engine will not do it late; one
 * that could not be stopped is tried again.
 */
function failure(act: ContainerAct, reason: string, now: number): Outcome {
  const name = act.container
  if (act.type === 'stop' || act.type === 'remove') return later(name, now)
  if (act.type === 'create' || act.type === 'start')
    return (task) => change(task, name, { failure: reason })
  return (task) => {
    const { ended } = containerOf(task, name)
    const end = ended
      ? { exitCode: ended.exitCode, finishedAt: ended.finishedAt }
      : { finishedAt: now }
    return change(task, name, { ...end, status: 'STOPPED', reason, ended: undefined })
  }
}

async function imageOf(name: string, tools: Tools): Promise<Image> {
  const { engine, host, pullBehavior, again, images } = tools
  if (name === PAUSE_IMAGE && !(await engine.image(name)))
    await engine.importImage(name, await host.pauseArchive(), PAUSE_CHANGES)
  const wasAsked = images.wasAsked(name)
  const image = await ensureImage(engine, name, { behavior: pullBehavior, wasAsked, again })
  images.used(name, image)
  // Each container would carry all of it, and each look at the containers.
  if (image.configBytes > IMAGE_CONFIG_BYTES_MAX)
    throw new EngineError(
      'CannotCreateContainerError',
      `the configuration of ${name}, its labels and variables, has ${image.configBytes} bytes; ${IMAGE_CONFIG_BYTES_MAX} are the most`,
    )
  return image
}
