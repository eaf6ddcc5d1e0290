import { taskArn } from '#aws/ecs/names/names.ts'
import { type Task, tasks } from '#aws/ecs/records/records.ts'

import { holds, type MakeCheck } from './check.ts'

type Started = { readonly tasks?: readonly { readonly taskArn: string }[] }

/** I2: one client token has one effect, and everybody who asks with it is told of the same tasks. */
export const tokens: MakeCheck = () => {
  const effects = new Map<string, Set<string>>()
  const wanted = new Map<string, number>()
  const told = new Map<string, string>()
  return {
    name: 'I2 one client token, one effect',
    commit(changes) {
      for (const { table, before, after } of changes) {
        if (table !== tasks.name || before) continue
        const task = after as Task
        // Clients write their token there, so that each effect says whose it is.
        if (!task.startedBy?.startsWith(TOKEN)) continue
        const arns = effects.get(task.startedBy) ?? new Set()
        effects.set(task.startedBy, arns.add(taskArn(task)))
        const count = wanted.get(task.startedBy) ?? Infinity
        holds(arns.size <= count, `${task.startedBy} has started ${arns.size} tasks of ${count}`)
      }
    },
    answer({ operation, input, output }) {
      const token = input['clientToken']
      if (operation !== 'RunTask' || typeof token !== 'string') return
      // A refusal is of another request with the token, or of none that had an effect.
      if (!output) return
      wanted.set(token, Number(input['count'] ?? 1))
      const arns = ((output as Started).tasks ?? []).map((task) => task.taskArn).join(' ')
      // A token that started nothing is not spent: the same request may find room later.
      if (arns === '') return
      const before = told.get(token) ?? arns
      told.set(token, before)
      holds(before === arns, `${token} was answered with ${before}, and then with ${arns}`)
      const started = effects.get(token)?.size ?? 0
      holds(started === arns.split(' ').length, `${token} has started ${started} tasks: ${arns}`)
    },
  }
}

/** What clients' tokens begin with. */
export const TOKEN = 'token-'
