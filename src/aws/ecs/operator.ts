/** What the operator asks of ECS: the state at a glance, why things are as they are, what would be, what was; and to hold still. */
import type { Operator } from '#room/operator.ts'
import type { Tools } from '#room/room.ts'

import { answerHistory, answerPlan, answerWhy } from './explain/answers.ts'
import type { History } from './history/history.ts'
import { containerInstanceArn, taskArn } from './names/names.ts'
import type { Policy } from './policy.ts'
import { containerInstances, tasksByInstance } from './records/records.ts'

/** Whoever halts the services may be gone before it has ended what it meant to. */
const HALT_MS_MAX = 300_000

export function operatorOf(
  tools: Tools,
  { policy, history }: { readonly policy: Policy; readonly history: History | undefined },
): Operator {
  const outside = { ...tools, policy, history }
  return {
    status: (tx) => ({
      containerInstances: [...tx.scan(containerInstances)].map(({ row }) => ({
        arn: containerInstanceArn(row),
        status: row.status,
        agentConnected: row.agentConnected,
        runningTasksCount: row.runningTasksCount,
        pendingTasksCount: row.pendingTasksCount,
      })),
      tasks: [...tx.scan(tasksByInstance)].map(({ row }) => ({
        arn: taskArn(row),
        group: row.group,
        lastStatus: row.lastStatus,
        desiredStatus: row.desiredStatus,
      })),
    }),
    commands: {
      '/why': (asked) => answerWhy(outside, asked),
      '/history': (asked) => answerHistory(outside, asked),
      '/plan': (asked) => answerPlan(outside, asked),
      '/services/halt': ({ ms }) => {
        policy.haltedUntil = tools.clock.now() + Math.min(Number(ms) || 0, HALT_MS_MAX)
        return { haltedUntil: policy.haltedUntil }
      },
    },
  }
}
