import type { Clock } from '#kernel/clock.ts'

import type { EngineEvent } from '../engine.ts'
import type { DockerClient } from './client.ts'

const RECONNECT_MS_MIN = 250
const RECONNECT_MS_MAX = 10_000

type Watch = {
  readonly client: DockerClient
  readonly clock: Clock
  readonly path: () => Promise<string>
  readonly filters: string
  readonly listener: (event: EngineEvent) => void
}

/** Follows the Engine's events until the returned function is called, through restarts of the Engine. */
export function watchEvents(watch: Watch): () => void {
  const stopping = new AbortController()
  void follow(watch, stopping.signal)
  return () => stopping.abort(new Error('no longer watched'))
}

async function follow(watch: Watch, signal: AbortSignal): Promise<void> {
  let waitMs = RECONNECT_MS_MIN
  while (!signal.aborted) {
    try {
      await listen(watch, signal, () => {
        waitMs = RECONNECT_MS_MIN
      })
    } catch {
      // The Engine is away; what happened meanwhile is found by the resync that `connected` asks for.
    }
    if (signal.aborted) return
    watch.listener({ type: 'lost' })
    await watch.clock.sleep(waitMs, signal).catch(() => {})
    waitMs = Math.min(waitMs * 2, RECONNECT_MS_MAX)
  }
}

async function listen(watch: Watch, signal: AbortSignal, connected: () => void): Promise<void> {
  const path = await watch.path()
  await watch.client.stream(
    { method: 'GET', path, query: { filters: watch.filters }, timeoutMs: Infinity, signal },
    (line) => {
      const { Actor } = (line ?? {}) as { Actor?: { ID?: string } }
      if (Actor?.ID) watch.listener({ type: 'changed', containerId: Actor.ID })
    },
    () => {
      connected()
      watch.listener({ type: 'connected' })
    },
  )
}
