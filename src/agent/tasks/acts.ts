import type { AcsContainer } from '#wire/task.ts'

import { EngineError, type Engine } from '../engine.ts'
import type { Slots } from '../slots.ts'
import { containerBody, volumeBodies, type Owner } from './create.ts'
import { ensureImage, type PullBehavior } from './images.ts'
import type { Act } from './step.ts'
import { change, containerOf, containersOf, observe, type KnownTask } from './task.ts'

/** How long a failed stop or removal waits for its next try. */
export const AGAIN_MS = 5_000

export type Tools = {
  readonly engine: Engine
  readonly owner: Owner
  readonly pullBehavior: PullBehavior
  readonly stopTimeoutSeconds: number
  /** Creates and starts: more at a time than these only make each of them slower. */
  readonly starts: Slots
  readonly pulls: Slots
  readonly now: () => number
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
  async pull(_task, { name, image }, { engine, pullBehavior, pulls, now }) {
    const { digest } = await pulls.run(() => ensureImage(engine, image, pullBehavior))
    const at = now()
    return (task) => ({
      ...change(task, name, { status: 'PULLED', imageDigest: digest }),
      pullStoppedAt: at,
    })
  },

  async create(task, container, { engine, owner, starts }) {
    const dockerId = await starts.run(async () => {
      for (const volume of volumeBodies(task, owner)) {
        await engine.createVolume(volume)
      }
      const { dockerName } = containerOf(task, container.name)
      return engine.create(dockerName, containerBody(task, container, owner))
    })
    return (known) => change(known, container.name, { status: 'CREATED', dockerId })
  },

  async start(task, { name }, { engine, starts, now }) {
    const id = containerOf(task, name).dockerId ?? ''
    await starts.run(() => engine.start(id))
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

  async remove(task, { name }, { engine }) {
    await engine.remove(containerOf(task, name).dockerId ?? '')
    return (known) => change(known, name, { removed: true })
  },
}

/** A container that could not be brought to life is over; one that could not be stopped is tried again. */
function failure(act: Act, reason: string, now: number): Outcome {
  const name = act.container
  if (act.type === 'stop' || act.type === 'remove')
    return (task) => change(task, name, { againAt: now + AGAIN_MS })
  return (task) => change(task, name, { status: 'STOPPED', reason, finishedAt: now })
}
