/** How a service deployment ends, and what it says from then on of the revisions that it ran. */
import type { Write } from '#store/store.ts'

import { inService } from '../names/services.ts'
import {
  type Deployment,
  type Hook,
  type RevisionShare,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
} from '../records/services.ts'
import { OPEN, serviceDeploymentsOf } from './find.ts'

/** A service with its deployments, newest first. */
type WithDeployments = {
  readonly service: Service
  readonly deployments: readonly Deployment[]
}
/** A service deployment's revisions, and what each of them runs. */
type Revisions = Pick<ServiceDeployment, 'sources' | 'target'>

/** Ends the service deployments that are on their way; `told` is what else is kept of each. */
export function stopOpen(
  tx: Write,
  service: Service,
  statusReason: string,
  now: number,
  told: (open: ServiceDeployment) => Partial<ServiceDeployment> = () => ({}),
): void {
  for (const open of serviceDeploymentsOf(tx, service))
    if (OPEN.has(open.status))
      tx.patch(serviceDeployments, inService(service, open.serviceDeploymentId), {
        ...told(open),
        status: 'STOPPED',
        statusReason,
        hooks: unanswered(open.hooks),
        stoppedAt: now,
        finishedAt: now,
        updatedAt: now,
      })
}

/** The hooks of a deployment that is over: nobody can continue it any more. */
export const unanswered = (hooks: readonly Hook[]): readonly Hook[] =>
  hooks.map((hook) => (hook.status === 'AWAITING_ACTION' ? { ...hook, status: 'FAILED' } : hook))

/** The revisions of a service deployment with what they run at this moment. */
export function sharesNow(of: WithDeployments, { sources, target }: Revisions): Revisions {
  const running = runningOf(of)
  const now = ({ revisionId }: RevisionShare): RevisionShare =>
    running.find((one) => one.revisionId === revisionId) ?? { revisionId, ...NONE }
  return { sources: sources.map(now), target: now(target) }
}
const NONE = { requestedTaskCount: 0, runningTaskCount: 0, pendingTaskCount: 0 }

/** The revisions that the service runs now. */
export const runningOf = ({ service, deployments }: WithDeployments): RevisionShare[] =>
  deployments
    .filter(({ status }) => status !== 'INACTIVE')
    .map((deployment) => ({
      revisionId: deployment.revisionId,
      requestedTaskCount: deployment.status === 'PRIMARY' ? service.desiredCount : 0,
      runningTaskCount: deployment.runningCount,
      pendingTaskCount: deployment.pendingCount,
    }))
