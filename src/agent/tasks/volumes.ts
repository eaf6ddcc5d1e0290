/** What a task's volumes need of the engine before its containers are created. */
import { own } from '#kernel/own.ts'
import type { AcsTask, AcsVolume } from '#wire/task.ts'

import { EngineError, type Engine, type Volume, type VolumeBody } from '../engine.ts'
import { authorsLabels, dockerName, ownLabels, type Owner } from './create.ts'
import type { KnownTask } from './task.ts'

type Volumes = Pick<Engine, 'volume' | 'createVolume'>

/** Makes the volumes that are to be made, and throws where a shared one is not what the task asks for. */
export async function provideVolumes(
  task: KnownTask,
  owner: Owner,
  engine: Volumes,
  mustMatch: boolean,
): Promise<void> {
  for (const volume of task.definition.volumes ?? []) {
    if (volume.host?.sourcePath) continue
    const ownName = own(task.volumes, volume.name)
    // Making one that is there is a success.
    if (ownName !== undefined) await engine.createVolume(ownBody(volume, ownName, owner))
    else await provideShared(task, volume, engine, mustMatch)
  }
}

/** Names for the volumes that live and die with the task. */
export function ownVolumes(
  definition: AcsTask,
  hex: () => string,
): Readonly<Record<string, string>> {
  const own = (definition.volumes ?? []).filter(
    ({ host, dockerVolumeConfiguration: docker }) =>
      !host?.sourcePath && (docker === undefined || (docker.scope ?? 'task') === 'task'),
  )
  return Object.fromEntries(own.map(({ name }) => [name, dockerName(definition, name, hex())]))
}

async function provideShared(
  { arn }: KnownTask,
  volume: AcsVolume,
  engine: Volumes,
  mustMatch: boolean,
): Promise<void> {
  // The engine would make a volume that a container names and that is not there, whatever was said.
  const existing = await engine.volume(volume.name)
  const problem = sharedProblem(volume, existing, mustMatch)
  if (problem !== undefined)
    throw new EngineError(
      'ResourceInitializationError',
      `resource cannot be initialized for task ${arn}: ${problem}`,
    )
  if (!existing) await engine.createVolume(bodyOf(volume, volume.name))
}

/** Why a shared volume cannot serve, in the words of Amazon's agent and in its spelling; `undefined` where it can. */
function sharedProblem(
  volume: AcsVolume,
  existing: Volume | undefined,
  mustMatch: boolean,
): string | undefined {
  const { autoprovision, labels, driverOpts = {} } = volume.dockerVolumeConfiguration ?? {}
  if (!autoprovision)
    return existing
      ? undefined
      : `initialize volume: volume detection failed, volume '${volume.name}' does not exist and autoprovision is set to false`
  if (!existing || !mustMatch) return undefined
  for (const [said, what, has, asked] of [
    ['intialize', 'labels', existing.labels, authorsLabels(labels)],
    ['initialize', 'options', existing.options, driverOpts],
  ] as const)
    if (written(has) !== written(asked))
      return `${said} volume: non-autoprovisioned volume does not match existing volume ${what}: existing: ${written(has)}, expected: ${written(asked)}`
  return undefined
}

/** As Amazon's agent writes a map. */
function written(texts: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(texts).map(([name, value]) => `${name}:${value}`)
  return `map[${pairs.toSorted().join(' ')}]`
}

function ownBody(volume: AcsVolume, name: string, owner: Owner): VolumeBody {
  const body = bodyOf(volume, name)
  return { ...body, Labels: { ...body.Labels, ...ownLabels(owner) } }
}

function bodyOf({ dockerVolumeConfiguration: docker }: AcsVolume, name: string): VolumeBody {
  return {
    Name: name,
    Driver: docker?.driver || 'local',
    DriverOpts: docker?.driverOpts ?? {},
    Labels: authorsLabels(docker?.labels),
  }
}
