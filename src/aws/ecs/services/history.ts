/** What is kept of a service's past: its newest deployments, and all that they refer to. */
import type { Read, Table } from '#store/store.ts'

import { HISTORY_MAX } from '../limits.ts'
import { ofService } from '../names/services.ts'
import {
  deployments,
  type Service,
  serviceDeployments,
  serviceEvents,
  serviceRevisions,
  taskSets,
} from '../records/services.ts'
import { deploymentsOf, OPEN, serviceDeploymentsOf } from './find.ts'

type Row = { readonly table: Table<object>; readonly key: string }
/** Tables whose rows say of which service they are; events do not, and are emptied when a name is used again. */
const PARTS = [deployments, serviceDeployments, serviceRevisions, taskSets] as const

/** All that belongs to the service and to those that bore its name before. */
export function* partsOf(tx: Read, service: Service): Iterable<Row> {
  const prefix = `${ofService(service)}/`
  for (const table of [...PARTS, serviceEvents])
    for (const { key } of tx.scan<object>(table, { prefix })) yield { table, key }
}

/** What nobody needs any more: what is left of earlier services of the name, and history that is too long. */
export function* outdated(tx: Read, service: Service): Iterable<Row> {
  const { serviceId } = service
  const kept = keptOf(tx, service)
  const prefix = `${ofService(service)}/`
  const isKept = (id: string, row: { readonly serviceId: string }): boolean =>
    row.serviceId === serviceId && kept.has(id)
  for (const { key, row } of tx.scan(deployments, { prefix }))
    if (!isKept(row.deploymentId, row)) yield { table: deployments, key }
  for (const { key, row } of tx.scan(serviceDeployments, { prefix }))
    if (!isKept(row.serviceDeploymentId, row)) yield { table: serviceDeployments, key }
  for (const { key, row } of tx.scan(serviceRevisions, { prefix }))
    if (!isKept(row.revisionId, row)) yield { table: serviceRevisions, key }
  for (const { key, row } of tx.scan(taskSets, { prefix }))
    if (row.serviceId !== serviceId) yield { table: taskSets, key }
}

/** The ids of deployments, service deployments and revisions that stay. */
function keptOf(tx: Read, service: Service): ReadonlySet<string> {
  const kept = new Set<string>()
  const all = deploymentsOf(tx, service)
  const completed = all.filter(({ completedAt }) => completedAt !== undefined)
  // A deployment that fails goes back to the newest that was completed, however long ago that was.
  const [last] = completed.toSorted((a, b) => (b.completedAt ?? 0) - (a.completedAt ?? 0))
  all.forEach((one, at) => {
    if (at >= HISTORY_MAX && one.status === 'INACTIVE' && one !== last) return
    kept.add(one.deploymentId).add(one.revisionId).add(one.serviceDeploymentId)
  })
  serviceDeploymentsOf(tx, service).forEach((one, at) => {
    const isOpen = OPEN.has(one.status)
    if (at >= HISTORY_MAX && !isOpen && !kept.has(one.serviceDeploymentId)) return
    kept.add(one.serviceDeploymentId)
    for (const { revisionId } of [one.target, ...one.sources]) kept.add(revisionId)
    if (one.rollback) kept.add(one.rollback.revisionId)
  })
  for (const { row } of tx.scan(taskSets, { prefix: `${ofService(service)}/` }))
    kept.add(row.revisionId)
  return kept
}
