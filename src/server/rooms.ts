/** The one list of AWS rooms. A service is added or removed by its folder and its line here. */
import { ecs } from '#aws/ecs/ecs.ts'
import { iam } from '#aws/iam/iam.ts'
import { sts } from '#aws/sts/sts.ts'
import type { Room } from '#room/room.ts'

export const rooms: readonly Room[] = [ecs, iam, sts]
