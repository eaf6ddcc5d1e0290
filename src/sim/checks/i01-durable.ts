import { containerInstances, taskDefinitions, tasks } from '#aws/ecs/records/records.ts'
import { canonicalJson } from '#kernel/fingerprint.ts'

import { keyOf } from '../place.ts'
import { holds, type MakeCheck } from './check.ts'

/** Sealed secrets are random bytes. */
const NOT_COMPARED = new Set(['iam.accessKeys'])

type Answer = {
  readonly task?: { readonly taskArn: string; readonly version: number }
  readonly tasks?: readonly { readonly taskArn: string; readonly version: number }[]
  readonly taskDefinition?: { readonly family: string; readonly revision: number }
  readonly containerInstance?: { readonly containerInstanceArn: string; readonly version: number }
}

/**
 * I1: what an answer or a refusal says is durable when it leaves, reads included, and a server that comes back has read all that is
 * durable. Answers are compared with the very bytes on the disk, so a crash right after one loses nothing of it.
 */
export const durable: MakeCheck = ({ oracle }) => ({
  name: 'I1 what was answered is durable',
  answer({ operation, output = {}, refusal }) {
    for (const arn of (refusal?.['resourceIds'] ?? []) as string[])
      holds(
        oracle.get(tasks, keyOf(arn)) !== undefined,
        `${operation} is refused because of ${arn}, which is not on the disk`,
      )
    const { task, tasks: several = [], taskDefinition, containerInstance } = output as Answer
    const isOnDisk = (what: string, version: number, kept: number | undefined): void =>
      holds(
        (kept ?? -1) >= version,
        `${operation} answered with version ${version} of ${what}; the disk has ${kept ?? 'nothing'}`,
      )
    for (const { taskArn, version } of task ? [task, ...several] : several)
      isOnDisk(taskArn, version, oracle.get(tasks, keyOf(taskArn))?.version)
    if (containerInstance) {
      const { containerInstanceArn: arn, version } = containerInstance
      isOnDisk(arn, version, oracle.get(containerInstances, keyOf(arn))?.version)
    }
    if (taskDefinition) {
      const { family, revision } = taskDefinition
      const kept = [...oracle.rows(taskDefinitions)].some(
        ([, row]) => row.family === family && row.revision === revision,
      )
      holds(kept, `${operation} answered with ${family}:${revision}, which is not on the disk`)
    }
  },
  restarted(store) {
    store.read((tx) => {
      for (const [table, key, row] of oracle.content())
        if (!NOT_COMPARED.has(table))
          holds(
            canonicalJson(tx.get({ name: table, version: 1, indexes: [], followers: [] }, key)) ===
              canonicalJson(row),
            `a restart lost or changed ${table} ${key}`,
          )
    })
  },
})
