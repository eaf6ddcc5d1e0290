/** Paths that an engine can take. What it would refuse, or read as another, is refused at registration. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'

/** No kernel takes it in a path. */
const NUL = '\u0000'
const DRIVE = /^[A-Za-z]:/

export function checkPaths(input: RegisterTaskDefinitionRequest): void {
  const windows = input.runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS') ?? false
  /** A bind is written `source:path:options`. */
  const isBindable = (path: string): boolean =>
    !path.includes(NUL) && !(windows ? path.replace(DRIVE, '') : path).includes(':')
  for (const { name, host } of input.volumes ?? [])
    if (host?.sourcePath && !isBindable(host.sourcePath))
      throw clientException(`Invalid 'sourcePath' setting for volume '${name}'.`)
  for (const container of input.containerDefinitions) {
    for (const { containerPath } of container.mountPoints ?? [])
      if (!containerPath || !isBindable(containerPath))
        throw clientException(
          `Invalid 'containerPath' setting of a mount point for container '${container.name}'.`,
        )
    for (const [member, path] of otherPaths(container))
      if (path?.includes(NUL))
        throw clientException(`Invalid '${member}' setting for container '${container.name}'.`)
  }
}

type MemberPath = readonly [member: string, path: string | undefined]

const otherPaths = ({
  workingDirectory,
  linuxParameters: linux,
}: ContainerDefinition): readonly MemberPath[] => [
  ['workingDirectory', workingDirectory],
  ...(linux?.tmpfs ?? []).map(({ containerPath }): MemberPath => ['tmpfs', containerPath]),
  ...(linux?.devices ?? []).flatMap(({ hostPath, containerPath }): readonly MemberPath[] => [
    ['devices', hostPath],
    ['devices', containerPath],
  ]),
]
