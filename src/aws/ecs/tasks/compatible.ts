/** Whether a task definition can run as a request wants it: RunTask, StartTask and services ask alike. */
import type { NetworkConfiguration } from '#contract/ecs.ts'

import { invalidParameter } from '../names/names.ts'
import { unbuilt } from '../unbuilt.ts'

/** The launch type asked for, EC2 unless it is; one that this build runs and the task definition allows. */
export function launchTypeOf(
  launchType: string | undefined,
  compatible: readonly string[],
): 'EC2' | 'EXTERNAL' {
  const asked = launchType ?? 'EC2'
  if (asked === 'FARGATE' || asked === 'MANAGED_INSTANCES') {
    if (!compatible.includes(asked))
      throw invalidParameter(`Task definition does not support launch_type ${asked}.`)
    throw invalidParameter(
      `This launch type is not available in this release of Berth: ${unbuilt(asked)}.`,
    )
  }
  if (asked !== 'EC2' && asked !== 'EXTERNAL')
    throw invalidParameter(`Invalid launch type: ${asked}.`)
  if (!compatible.includes(asked))
    throw invalidParameter(`Task definition does not support launch_type ${asked}.`)
  return asked
}

/** A task network is what `awsvpc` needs and all other network modes have no use for. */
export function checkNetwork(
  networkMode: string | undefined,
  configuration: NetworkConfiguration | undefined,
): void {
  if (networkMode === 'awsvpc' && !configuration?.awsvpcConfiguration)
    throw invalidParameter(
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    )
  if (networkMode !== 'awsvpc' && configuration?.awsvpcConfiguration)
    throw invalidParameter(
      'Network Configuration is not valid for the given networkMode of this task definition.',
    )
}
