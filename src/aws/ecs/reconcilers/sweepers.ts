/** What ECS forgets by its age alone: tasks an hour after their end, and client tokens a day after their use. */
import type { Reconciler } from '#reconcile/reconciler.ts'
import { sweeper } from '#reconcile/sweeper.ts'
import type { Tools } from '#room/room.ts'

import { CLIENT_TOKEN_KEPT_MS, STOPPED_TASK_KEPT_MS } from '../limits.ts'
import { tasksByStop, tokensByAge } from '../records/records.ts'

export const sweepers = (tools: Tools): readonly Reconciler[] => [
  sweeper(tools, { name: 'ecs tasks', byTime: tasksByStop, keptMs: STOPPED_TASK_KEPT_MS }),
  sweeper(tools, { name: 'ecs client tokens', byTime: tokensByAge, keptMs: CLIENT_TOKEN_KEPT_MS }),
]
