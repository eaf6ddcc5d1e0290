/** What ECS does on its own: it talks with agents, and tidies up after tasks, definitions and accounts. */
import type { Running, Tools } from '#room/room.ts'

import { acsConversation } from './agents/acs.ts'
import { AgentHub } from './agents/hub.ts'
import { tcsConversation } from './agents/tcs.ts'
import { definitionReaper } from './reconcilers/definition-reaper.ts'
import { graveyardReconciler } from './reconcilers/graveyard.ts'
import { orphanReconciler } from './reconcilers/orphans.ts'
import { serviceReaper } from './reconcilers/service-reaper.ts'
import { serviceScheduler } from './reconcilers/services.ts'
import { silenceReconciler } from './reconcilers/silence.ts'
import { sweepers } from './reconcilers/sweepers.ts'

export function startEcs(tools: Tools): Running {
  const hub = new AgentHub(tools)
  return {
    reconcilers: [
      definitionReaper(tools),
      graveyardReconciler(tools),
      orphanReconciler(tools),
      serviceReaper(tools),
      serviceScheduler(tools),
      silenceReconciler(tools, hub),
      ...sweepers(tools),
    ],
    conversations: [acsConversation(tools, hub), tcsConversation(tools, hub)],
    stop: () => hub.stop(),
  }
}
