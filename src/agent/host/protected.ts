/** What tasks may not have of a host unless its operator says so: what is Berth's own, and the engine that runs all tasks. */
import type { HostPolicy } from '#wire/host-policy.ts'

import type { Host } from '../host.ts'

const ENGINE_SOCKETS = [
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/var/run/containerd/containerd.sock',
]

/** Through a process's own links a task would reach what is kept from it, by a name that it has made itself. */
const PROCESSES = '/proc'

/** Where the operator does not say which paths tasks may have: all but `own` and the engine's, by each of their names. */
export async function withDefaults(
  policy: HostPolicy,
  own: readonly string[],
  host: Pick<Host, 'realPath'>,
): Promise<HostPolicy> {
  if (policy.paths) return policy
  const paths = [...own, ...ENGINE_SOCKETS, PROCESSES]
  // Where this agent may not look, the path itself has to do.
  const real = await Promise.all(paths.map((path) => host.realPath(path).catch(() => path)))
  return { ...policy, paths: { how: 'all-but', named: [...new Set([...paths, ...real])] } }
}
