import { inService, shareOf } from '#aws/ecs/names/services.ts'
import { type Task, tasks } from '#aws/ecs/records/records.ts'
import { deployments, serviceRevisions } from '#aws/ecs/records/services.ts'

import { holds, type MakeCheck } from './check.ts'

/**
 * I14: the image that a service revision's tag meant for its first task is what its later tasks run, whatever the tag
 * means by then. Tasks that were started before the first one had pulled ask the registry for themselves.
 */
export const digests: MakeCheck = ({ oracle }) => {
  /** By task and container, the digest that was known when the task was started. */
  const pinned = new Map<string, Readonly<Record<string, string>>>()
  return {
    name: 'I14 one image a service revision',
    commit(changes) {
      for (const { table, key, before, after } of changes) {
        if (table === serviceRevisions.name && before && after) {
          const [was, is] = [before, after] as { readonly digests: Record<string, string> }[]
          for (const [name, digest] of Object.entries(was?.digests ?? {}))
            holds(is?.digests[name] === digest, `${name} of ${key} means another image now`)
        }
        if (table !== tasks.name) continue
        if (!after) {
          pinned.delete(key)
          continue
        }
        const task = after as Task
        if (!before) pinned.set(key, known(task))
        for (const { name, imageDigest } of task.containers) {
          const wanted = pinned.get(key)?.[name]
          holds(
            wanted === undefined || imageDigest === undefined || imageDigest === wanted,
            `${name} of ${key} runs ${imageDigest}; its revision's image is ${wanted}`,
          )
        }
      }
    },
  }

  function known(task: Task): Readonly<Record<string, string>> {
    const share = shareOf(task)
    if (!share) return {}
    const place = { ...task, serviceName: share.serviceName }
    const deployment = oracle.get(deployments, inService(place, share.shareId))
    if (!deployment) return {}
    return oracle.get(serviceRevisions, inService(place, deployment.revisionId))?.digests ?? {}
  }
}
