/**
 * The container that holds the namespaces which a task's containers share. It is the agent's own: it is a container
 * of the task like any other, but no report speaks of it.
 */
import type { AcsContainer, AcsTask } from '#wire/task.ts'

/** As Amazon's agent names it in telemetry and metadata. */
export const PAUSE_NAME = '~internal~ecs~pause'
/** Made on the host from its busybox; it is asked of no registry. */
export const PAUSE_IMAGE = 'berth/pause:1'
/** Lines of a Dockerfile. The label keeps its name from registries. */
export const PAUSE_CHANGES = ['CMD ["/busybox","sleep","infinity"]', 'LABEL berth.local=true']
const PAUSE_MEMORY_MIB = 16

export function needsPause({ pidMode, ipcMode }: AcsTask): boolean {
  return pidMode === 'task' || ipcMode === 'task'
}

export function isPause({ name }: { readonly name: string }): boolean {
  return name === PAUSE_NAME
}

/** The task with its pause container, which every other container waits for. */
export function withPause(definition: AcsTask): AcsTask {
  const containers = definition.containers ?? []
  if (!needsPause(definition) || containers.some(isPause)) return definition
  const pause: AcsContainer = {
    name: PAUSE_NAME,
    image: PAUSE_IMAGE,
    essential: true,
    memory: PAUSE_MEMORY_MIB,
    stopTimeout: 2,
    dockerConfig: {
      hostConfig: JSON.stringify({
        NetworkMode: 'none',
        // It is process 1 of whoever shares its process namespace: somebody must reap.
        Init: true,
        ...(definition.ipcMode === 'task' ? { IpcMode: 'shareable' } : {}),
      }),
    },
  }
  const waiting = containers.map((container) => ({
    ...container,
    dependsOn: [
      ...(container.dependsOn ?? []),
      { containerName: PAUSE_NAME, condition: 'START' as const },
    ],
  }))
  return { ...definition, containers: [pause, ...waiting] }
}

/** The namespaces of a container, as the engine's HostConfig has them. */
export function namespaces(
  { pidMode, ipcMode }: AcsTask,
  container: AcsContainer,
  pauseDockerName: string,
): Readonly<Record<string, string>> {
  if (isPause(container)) return {}
  const shared = `container:${pauseDockerName}`
  const mode = (word: string | undefined) => (word === 'task' ? shared : word)
  return {
    ...(pidMode ? { PidMode: mode(pidMode) as string } : {}),
    ...(ipcMode ? { IpcMode: mode(ipcMode) as string } : {}),
  }
}
