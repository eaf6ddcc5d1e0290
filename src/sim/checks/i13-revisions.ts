import { taskDefinitions, type TaskDefinition } from '#aws/ecs/records/records.ts'

import { holds, type MakeCheck } from './check.ts'

/** I13: a family's revisions are 1, 2, 3, …; none is left out, none is given twice, whatever became of the others. */
export const revisions: MakeCheck = () => {
  const last = new Map<string, number>()
  return {
    name: 'I13 revisions are dense',
    commit(changes) {
      for (const { table, key, before, after } of changes) {
        if (table !== taskDefinitions.name || before || !after) continue
        const { family, revision } = after as TaskDefinition
        holds(
          revision === (last.get(family) ?? 0) + 1,
          `${key} comes after ${last.get(family) ?? 0}`,
        )
        last.set(family, revision)
      }
    },
  }
}
