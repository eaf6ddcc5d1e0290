import type { AcsContainer } from '#wire/task.ts'

import { EngineError, type Engine, type Image } from '../engine.ts'
import type { Host, TaskLimits } from '../host.ts'
import type { Awslogs } from '../logs/awslogs.ts'
import type { Slots } from '../slots.ts'
import {
  containerBody,
  LABELS,
  REGION_VARIABLES,
  volumeBodies,
  type BodySettings,
  type Owner,
} from './create.ts'
import type { ImageCleanup } from './image-cleanup.ts'
import { ensureImage, type Again, type PullBehavior } from './images.ts'
import { PAUSE_CHANGES, PAUSE_IMAGE } from './pause.ts'
import type { PortChooser } from './ports.ts'
import type { Act } from './step.ts'
import { change, containerOf, containersOf, observe, type KnownTask } from './task.ts'

/** How long a failed stop or removal waits for its next try. */
export const AGAIN_MS = 5_000

export type Tools = {
  readonly engine: Engine
  readonly host: Host
  readonly owner: Owner
  readonly settings: BodySettings
  readonly ports: PortChooser
  readonly images: ImageCleanup
  readonly logs: Awslogs | undefined
  readonly again: Again
  readonly pullBehavior: PullBehavior
  readonly stopTimeoutSeconds: number
  /** Creates and starts: more at a time than these only make each of them slower. */
  readonly starts: Slots
  readonly pulls: Slots
  readonly now: () => number
  /** Resolves once what is known is durable. */
  readonly save: () => Promise<void>
}

/** What an act leads to: laid over the task as it is by then, which may have moved on meanwhile. */
export type Outcome = (task: KnownTask) => KnownTask

/** Does one act on the engine. A failure of the world is an outcome too, never an exception. */
export async function perform(task: KnownTask, act: Act, tools: Tools): Promise<Outcome> {
  const name = act.container
  const container = containersOf(task).find((one) => one.name === name)
  if (!container) return (now) => now
  let outcome: Outcome
  try {
    outcome = await doing[act.type](task, container, tools)
  } catch (error) {
    const reason = error instanceof EngineError ? error.reason : `AgentError: ${String(error)}`
    outcome = failure(act, reason, tools.now())
  }
  return (now) => outcome(change(now, name, { doing: undefined }))
}

type Work = (task: KnownTask, container: AcsContainer, tools: Tools) => Promise<Outcome>

const doing: Readonly<Record<Act['type'], Work>> = {
  async pull(_task, { name, image }, tools) {
    const { digest, variables } = await tools.pulls.run(() => imageOf(image, tools))
    const at = tools.now()
    const imageVariables = REGION_VARIABLES.filter((variable) => variables.includes(variable))
    return (task) => ({
      ...change(task, name, { status: 'PULLED', imageDigest: digest, imageVariables }),
      pullStoppedAt: at,
    })
  },

  async create(task, container, { engine, host, owner, settings, ports, starts }) {
    const dockerId = await starts.run(async () => {
      for (const volume of volumeBodies(task, owner)) {
        await engine.createVolume(volume)
      }
      const parentGroup = await taskGroup(task, host, settings)
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

  async restart(task, { name }, { engine, starts, now }) {
    const { dockerId = '', restarts = 0, ended } = containerOf(task, name)
    await starts.run(() => engine.start(dockerId))
    const seen = await engine.inspect(dockerId).catch(() => undefined)
    const at = now()
    // Where the engine does not say, the end before it is the latest that is certain.
    const restartedAt = seen?.startedAt ?? ended?.finishedAt ?? at
    return (known) => {
      const endedBefore = ended?.finishedAt
      const again = { ended: undefined, restarts: restarts + 1, restartedAt, endedBefore }
      const started = change(known, name, again)
      // It may have ended again by now.
      return seen ? observe(started, name, seen, at) : started
    }
  },

  async start(task, container, { engine, logs, starts, now }) {
    const { name } = container
    await logs?.prepare(task, container)
    const id = containerOf(task, name).dockerId ?? ''
    await starts.run(() =>
      engine.start(id).catch(async (error: unknown) => {
        const seen = await engine.inspect(id).catch(() => undefined)
        if (!seen || seen.state === 'created') throw error
      }),
    )
    // It has started, whatever the inspection says: it must never be started twice.
    const seen = await engine.inspect(id).catch(() => undefined)
    const at = now()
    return (known) =>
      seen && seen.state !== 'created'
        ? observe(known, name, seen, at)
        : change(known, name, { status: 'RUNNING', startedAt: at })
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

/**
 * A container that could not be brought to life is over, once it is certain that the engine will not do it late; one
 * that could not be stopped is tried again.
 */
function failure(act: Act, reason: string, now: number): Outcome {
  const name = act.container
  if (act.type === 'stop' || act.type === 'remove')
    return (task) => change(task, name, { againAt: now + AGAIN_MS })
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
  const image = await ensureImage(engine, name, pullBehavior, again)
  images.used(name, image.pulled)
  return image
}

/** The parent group of a task that is limited as a whole; `undefined` for one that is not. */
async function taskGroup(
  task: KnownTask,
  host: Host,
  { taskPidsLimit }: BodySettings,
): Promise<string | undefined> {
  const limits = taskLimits(task, taskPidsLimit)
  if (!limits) return undefined
  try {
    return await host.makeTaskGroup(taskIdOf(task.arn), limits)
  } catch (error) {
    const why = `unable to make the task's control group: ${(error as Error).message}`
    throw new EngineError('ResourceInitializationError', why)
  }
}

export function taskIdOf(arn: string): string {
  return arn.split('/').at(-1) ?? arn
}

/** `undefined` where nothing limits the task as a whole. */
export function taskLimits(task: KnownTask, pids: number | undefined): TaskLimits | undefined {
  const { cpu: vcpus, memory: memoryMiB } = task.definition
  if (!vcpus && !memoryMiB && !pids) return undefined
  return { vcpus: vcpus || undefined, memoryMiB: memoryMiB || undefined, pids }
}
