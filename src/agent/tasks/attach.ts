/** Attaches to a task what it needs of the host, and detaches it; each may be done again, to no effect. */
import { EngineError, type Engine } from '../engine.ts'
import type { Host } from '../host.ts'
import { type AttachmentName, taskLimits } from './attachments.ts'
import type { BodySettings, Owner } from './create.ts'
import { taskIdOf, type KnownTask } from './task.ts'
import { provideVolumes } from './volumes.ts'

type Tools = {
  readonly engine: Engine
  readonly host: Host
  readonly owner: Owner
  readonly settings: BodySettings
}
type Work = {
  /** Gives what containers are told of it. */
  readonly attach: (task: KnownTask, tools: Tools) => Promise<string | undefined>
  readonly detach: (task: KnownTask, tools: Pick<Tools, 'engine' | 'host'>) => Promise<void>
}

export const attachments: Readonly<Record<AttachmentName, Work>> = {
  volumes: {
    async attach(task, { engine, owner, settings }) {
      await provideVolumes(task, owner, engine, settings.sharedVolumesMatch ?? false)
      return undefined
    },
    async detach(task, { engine }) {
      for (const volume of Object.values(task.volumes)) await engine.removeVolume(volume)
    },
  },

  /** The parent control group of a task that is limited as a whole. */
  group: {
    async attach(task, { host, settings }) {
      const limits = taskLimits(task, settings.taskPidsLimit)
      if (!limits) return undefined
      try {
        return await host.makeTaskGroup(taskIdOf(task.arn), limits)
      } catch (error) {
        const why = `unable to make the task's control group: ${(error as Error).message}`
        throw new EngineError('ResourceInitializationError', why)
      }
    },
    detach: (task, { host }) => host.removeTaskGroup(taskIdOf(task.arn)),
  },
}
