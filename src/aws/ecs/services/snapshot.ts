/**
 * A service's deployments as one step finds them: read once, at its beginning, and handed down, so that they are neither
 * looked for again nor found to be others. What the step writes of them goes through here. What it does to tasks changes
 * only what the deployments count, which is as it was when the step began: nothing asks for that afterwards.
 */
import type { Write } from '#store/store.ts'

import { inService } from '../names/services.ts'
import {
  type Deployment,
  deployments,
  type Service,
  type ServiceDeployment,
  serviceDeployments,
} from '../records/services.ts'
import { deploymentsOf } from './find.ts'

export class ServiceSnapshot {
  readonly service: Service
  readonly #tx: Write
  #deployments: readonly Deployment[]

  constructor(tx: Write, service: Service) {
    this.service = service
    this.#tx = tx
    this.#deployments = deploymentsOf(tx, service)
  }

  /** All of them, newest first. */
  get deployments(): readonly Deployment[] {
    return this.#deployments
  }

  /** The deployment that the service is to run. */
  get primary(): Deployment | undefined {
    return this.#deployments.find(({ status }) => status === 'PRIMARY')
  }

  /** The way that a deployment is on or has gone, as the transaction has it by now. */
  wayOf({ serviceDeploymentId }: Deployment): ServiceDeployment | undefined {
    return this.#tx.get(serviceDeployments, inService(this.service, serviceDeploymentId))
  }

  /** Writes fields of a deployment; all who look at the snapshot see it. */
  change({ deploymentId }: Deployment, fields: Partial<Deployment>): Deployment {
    const after = this.#tx.patch(deployments, inService(this.service, deploymentId), fields)
    this.#deployments = this.#deployments.map((one) =>
      one.deploymentId === deploymentId ? after : one,
    )
    return after
  }
}
