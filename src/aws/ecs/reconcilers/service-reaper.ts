/** Forgets services a day after their end, and of the others the history that is too long. */
import { on, type Reconciler } from '#reconcile/reconciler.ts'
import type { Tools } from '#room/room.ts'

import { INACTIVE_SERVICE_KEPT_MS } from '../limits.ts'
import { ofService } from '../names/services.ts'
import { type Service, serviceDeployments, services } from '../records/services.ts'
import { outdated, partsOf } from '../services/history.ts'

const ROWS_PER_COMMIT = 100

export const serviceReaper = ({ store, clock }: Tools): Reconciler => ({
  name: 'ecs service reaper',
  hears: [
    on(serviceDeployments, ({ key, before }) => (before ? [] : [ofPart(key)])),
    on(services, ({ key, before, after }) =>
      after && before?.status !== after.status ? [key] : [],
    ),
  ],
  *all(tx) {
    for (const { key } of tx.scan(services)) yield key
  },
  reconcile(key) {
    return store.transact((tx) => {
      const service = tx.get(services, key)
      if (!service) return undefined
      const left = endsIn(service, clock.now())
      let dropped = 0
      for (const row of left === 0 ? partsOf(tx, service) : outdated(tx, service)) {
        if (dropped === ROWS_PER_COMMIT) return 0
        tx.delete(row.table, row.key)
        dropped++
      }
      if (left === 0) tx.delete(services, ofService(service))
      return left || undefined
    }).result
  },
})

/** The service that a deployment is of. */
const ofPart = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** In how many milliseconds the service is to be forgotten; nothing for one that lives. */
function endsIn({ status, inactiveAt }: Service, now: number): number | undefined {
  if (status !== 'INACTIVE') return undefined
  return Math.max(0, (inactiveAt ?? now) + INACTIVE_SERVICE_KEPT_MS - now)
}
