/** The rules of volumes and of the mounts that use them. */
import type { RegisterTaskDefinitionRequest, Volume } from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'
import { checkKnown } from './known.ts'
import { checkPaths } from './paths.ts'

const SCOPES = ['task', 'shared']
const SWITCH = ['ENABLED', 'DISABLED']
const NAME = /^[A-Za-z0-9_-]{1,255}$/

export function validateVolumes(input: RegisterTaskDefinitionRequest): void {
  const fargate = input.requiresCompatibilities?.includes('FARGATE') ?? false
  const names = new Set<string>()
  const volumes = input.volumes ?? []
  for (const volume of volumes) {
    if (!volume.name || !NAME.test(volume.name))
      throw clientException('Volume name is missing or contains invalid characters.')
    if (names.has(volume.name)) throw clientException(`Duplicate volume name '${volume.name}'.`)
    names.add(volume.name)
    kind(volume, fargate)
  }
  if (volumes.filter((volume) => volume.configuredAtLaunch).length > 1)
    throw clientException(
      'Only one volume with configuredAtLaunch is supported in a task definition.',
    )
  for (const { mountPoints = [] } of input.containerDefinitions)
    for (const { sourceVolume } of mountPoints)
      if (!sourceVolume || !names.has(sourceVolume))
        throw clientException(`Unknown volume '${sourceVolume ?? ''}'.`)
  checkPaths(input)
}

function kind(volume: Volume, fargate: boolean): void {
  const { name, host, dockerVolumeConfiguration: docker, efsVolumeConfiguration: efs } = volume
  const kinds = [
    host,
    docker,
    efs,
    volume.s3filesVolumeConfiguration,
    volume.fsxWindowsFileServerVolumeConfiguration,
    volume.configuredAtLaunch || undefined,
  ].filter((part) => part !== undefined)
  if (kinds.length > 1)
    throw clientException(
      `Volume '${name}' must have only one of host, dockerVolumeConfiguration, efsVolumeConfiguration, s3filesVolumeConfiguration, fsxWindowsFileServerVolumeConfiguration or configuredAtLaunch.`,
    )
  if (fargate && docker)
    throw clientException('When using Fargate, dockerVolumeConfiguration is not supported.')
  if (fargate && host?.sourcePath)
    throw clientException('When using Fargate, host.sourcePath is not supported.')
  const where = `for volume '${name}'`
  checkKnown('dockerVolumeConfiguration scope', docker?.scope, SCOPES, where)
  checkKnown('transitEncryption', efs?.transitEncryption, SWITCH, where)
  checkKnown('authorizationConfig iam', efs?.authorizationConfig?.iam, SWITCH, where)
  if (!efs) return
  const { authorizationConfig, rootDirectory, transitEncryption } = efs
  if (authorizationConfig?.accessPointId && rootDirectory !== undefined && rootDirectory !== '/')
    throw clientException(
      `Volume '${name}': the root directory must be omitted or '/' when an access point is specified.`,
    )
  if (authorizationConfig?.accessPointId && transitEncryption !== 'ENABLED')
    throw clientException(
      `Volume '${name}': transit encryption must be enabled when an access point is specified.`,
    )
  if (authorizationConfig?.iam === 'ENABLED' && transitEncryption !== 'ENABLED')
    throw clientException(
      `Volume '${name}': transit encryption must be enabled when IAM authorization is enabled.`,
    )
}
