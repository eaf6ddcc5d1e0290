/** What ECS does on its own: it talks with agents, and tidies up after tasks, definitions and accounts. */
import type { Running, Tools } from '#room/room.ts'

import { acsConversation } from './agents/acs.ts'
import { AgentHub } from './agents/hub.ts'
import { tcsConversation } from './agents/tcs.ts'
import { History, historyFiles, type HistoryOptions } from './history/history.ts'
import { operatorOf } from './operator.ts'
import type { Policy } from './policy.ts'
import { definitionReaper } from './reconcilers/definition-reaper.ts'
import { logGroupMaker } from './reconcilers/log-groups.ts'
import { orphanReconciler } from './reconcilers/orphans.ts'
import { serviceReaper } from './reconcilers/service-reaper.ts'
import { serviceScheduler } from './reconcilers/services.ts'
import { silenceReconciler } from './reconcilers/silence.ts'
import { sweepers } from './reconcilers/sweepers.ts'

export type EcsOptions = {
  readonly policy?: Policy
  /** For how long it is kept what services were, and how much of it. Absent, it is forgotten. */
  readonly history?: HistoryOptions | undefined
}

export function startEcs(tools: Tools, { policy = {}, history: kept }: EcsOptions): Running {
  const hub = new AgentHub(tools)
  const history =
    kept && new History(tools, { storage: tools.files(historyFiles(kept.bytes)), days: kept.days })
  return {
    reconcilers: [
      definitionReaper(tools),
      logGroupMaker(tools),
      orphanReconciler(tools),
      serviceReaper(tools),
      serviceScheduler(tools, policy),
      silenceReconciler(tools, hub),
      ...sweepers(tools),
    ],
    conversations: [acsConversation(tools, hub), tcsConversation(tools, hub)],
    operator: operatorOf(tools, { policy, history }),
    stop: () => hub.stop(),
    close: async () => history?.close(),
  }
}
