/** The one list of AWS rooms. A service is added or removed by its folder and its line here; what it is made with is in its options. */
import { ecs } from '#aws/ecs/ecs.ts'
import { containerInstanceOf, endHostConnections } from '#aws/ecs/instances/host-keys.ts'
import type { EcsOptions } from '#aws/ecs/start.ts'
import { iam, type IamOptions } from '#aws/iam/iam.ts'
import { logs } from '#aws/logs/logs.ts'
import { sts } from '#aws/sts/sts.ts'
import type { Room } from '#room/room.ts'

export type RoomOptions = {
  readonly ecs?: EcsOptions
  readonly iam?: IamOptions
}

/** Machine keys are IAM's, and the hosts that they are good for ECS's. */
const hosts = { containerInstanceOf, endConnections: endHostConnections }

export const roomsWith = (options: RoomOptions = {}): readonly Room[] => [
  iam(hosts, options.iam),
  ecs(options.ecs),
  logs(),
  sts,
]
