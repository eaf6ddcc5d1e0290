import { oncePer } from '#kernel/once-per.ts'
import { type Ask, asksOf } from '#wire/host-policy.ts'

import { meant } from '../meant.ts'
import type { Definition } from '../records/records.ts'

/** What the definition's tasks do to their host, of what an operator may forbid. */
export const hostAsks = oncePer((written: Definition): readonly Ask[] => {
  const { networkMode, pidMode, ipcMode, volumes = [], containerDefinitions } = meant(written)
  const linux = containerDefinitions.flatMap(({ linuxParameters }) => linuxParameters ?? [])
  return asksOf({
    networkMode,
    pidMode,
    ipcMode,
    sourcePaths: volumes
      .flatMap(({ host }) => host?.sourcePath ?? [])
      .filter((path) => path.startsWith('/')),
    driverOpts: volumes.flatMap(({ dockerVolumeConfiguration: docker }) =>
      docker?.driverOpts ? [docker.driverOpts] : [],
    ),
    capabilities: linux.flatMap(({ capabilities }) => capabilities?.add ?? []),
    securityOptions: containerDefinitions.flatMap(
      ({ dockerSecurityOptions }) => dockerSecurityOptions ?? [],
    ),
    logging: containerDefinitions.flatMap(({ logConfiguration: logging }) =>
      logging ? [{ driver: logging.logDriver, options: logging.options ?? {} }] : [],
    ),
    images: containerDefinitions.map(({ image }) => image),
    devices: linux.flatMap(({ devices = [] }) => devices.map(({ hostPath }) => hostPath)),
  })
})
