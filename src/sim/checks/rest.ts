import {
  agentSequences,
  clientTokens,
  containerInstances,
  tasks,
} from '#aws/ecs/records/records.ts'
import type { Change } from '#store/store.ts'

import { holds, type MakeCheck } from './check.ts'

/** What a host that renews its connection may change: whether its agent is there, and its numbers. */
const RENEWAL = new Set([containerInstances.name, agentSequences.name, 'store.notices'])
const ACS = '/acs/ws'
const MANIFEST = 'TaskManifestMessage'
const BEATS = new Set(['HeartbeatMessage', 'HeartbeatAckRequest'])
/** Before each connection, which is renewed now and then, a host asks where to. */
const CALLS = new Set(['DiscoverPollEndpoint'])
/** What time alone may drop. */
const REAPED = new Set([tasks.name, clientTokens.name])

/** In a world that has come to its end nothing is written: a heart that beats is no reason for a commit. */
export const rest: MakeCheck = () => {
  let written: string[] = []
  let spoken = new Map<string, string[]>()
  return {
    name: 'rest',
    said(host, path, frame) {
      const type = /^\{"type":"(\w+)"/.exec(frame)?.[1] ?? ''
      if (path === ACS && !BEATS.has(type)) spoken.set(host, [...(spoken.get(host) ?? []), type])
    },
    answer({ operation }) {
      if (!CALLS.has(operation)) spoken.set(operation, [operation])
    },
    commit(changes) {
      for (const change of changes)
        if (!isOrdinary(change)) written.push(`${change.table} ${change.key}`)
    },
    resting() {
      written = []
      spoken = new Map()
    },
    rested() {
      holds(written.length === 0, `written in calm weather: ${written.slice(0, 5).join(', ')}`)
      for (const [who, types] of spoken)
        // A connection that is renewed has a manifest, and all is said anew on it.
        holds(types.includes(MANIFEST), `said in calm weather by ${who}: ${types.join(', ')}`)
    },
  }
}

function isOrdinary({ table, after }: Change): boolean {
  return RENEWAL.has(table) || (REAPED.has(table) && !after)
}
