/** The one place where a container instance changes by itself: a version more, and everybody who listens hears of it. */
import type { VersionInfo } from '#contract/ecs.ts'
import { ownerOf } from '#room/owned.ts'
import { announce, type Moment, noticeKind } from '#store/notices.ts'
import type { Write } from '#store/store.ts'

import { clusterArn, containerInstanceArn, ofInstance } from '../names/names.ts'
import { type ContainerInstance, containerInstances } from '../records/records.ts'
import { toContainerInstance } from './view.ts'

/** AWS's `ECS Container Instance State Change`. */
const instanceNotices = noticeKind<ContainerInstance>({
  source: 'aws.ecs',
  detailType: 'ECS Container Instance State Change',
  table: containerInstances,
  told: (instance, time) => ({
    ...ownerOf(instance),
    resources: [containerInstanceArn(instance)],
    detail: {
      ...toContainerInstance(instance),
      clusterArn: clusterArn(instance, instance.clusterName),
      updatedAt: new Date(time),
    },
  }),
})

const VERSION_LENGTH_MAX = 255

/** What an agent says of its versions, as a record keeps it. */
export function keptVersions(said: VersionInfo = {}): VersionInfo {
  const cut = (text: string | undefined): string | undefined => text?.slice(0, VERSION_LENGTH_MAX)
  return {
    agentVersion: cut(said.agentVersion),
    agentHash: cut(said.agentHash),
    dockerVersion: cut(said.dockerVersion),
  }
}

export function addInstance(tx: Write, instance: ContainerInstance, moment: Moment): void {
  const key = ofInstance(instance)
  tx.put(containerInstances, key, instance)
  announce(tx, instanceNotices, { key, record: instance }, moment)
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
  const key = ofInstance(before)
  const after = tx.patch(containerInstances, key, {
    ...fields,
    ...(turned && { disconnectedAt: fields.agentConnected ? undefined : moment.now }),
    version: before.version + 1,
  }) as ContainerInstance
  announce(tx, instanceNotices, { key, record: after }, moment)
  return after
}
