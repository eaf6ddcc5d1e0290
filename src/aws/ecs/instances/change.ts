/** The one place where a container instance changes by itself: a version more, and everybody who listens hears of it. */
import { publish } from '#store/notices.ts'
import type { Write } from '#store/store.ts'

import { clusterArn, containerInstanceArn, ofInstance } from '../names.ts'
import { type ContainerInstance, containerInstances } from '../records.ts'
import type { Moment } from '../tasks/change.ts'
import { toContainerInstance } from '../views/container-instance.ts'

export function addInstance(tx: Write, instance: ContainerInstance, moment: Moment): void {
  tx.put(containerInstances, ofInstance(instance), instance)
  announce(tx, instance, moment)
}

/** Sets fields; when none is new, nothing changes. */
export function changeInstance(
  tx: Write,
  before: ContainerInstance,
  fields: Partial<ContainerInstance>,
  moment: Moment,
): ContainerInstance {
  const names = Object.keys(fields) as (keyof ContainerInstance)[]
  if (names.every((name) => before[name] === fields[name])) return before
  const turned =
    fields.agentConnected !== undefined && fields.agentConnected !== before.agentConnected
  const after = tx.patch(containerInstances, ofInstance(before), {
    ...fields,
    ...(turned && { disconnectedAt: fields.agentConnected ? undefined : moment.now }),
    version: before.version + 1,
  }) as ContainerInstance
  announce(tx, after, moment)
  return after
}

/** AWS's `ECS Container Instance State Change`. */
function announce(tx: Write, instance: ContainerInstance, { now, id }: Moment): void {
  publish(tx, {
    source: 'aws.ecs',
    detailType: 'ECS Container Instance State Change',
    tenant: instance.tenant,
    accountId: instance.accountId,
    region: instance.region,
    resources: [containerInstanceArn(instance)],
    time: now,
    id,
    detail: {
      ...toContainerInstance(instance),
      clusterArn: clusterArn(instance, instance.clusterName),
      updatedAt: new Date(now),
    },
  })
}
