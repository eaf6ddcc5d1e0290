/** The one list of AWS rooms. A service is added or removed by its folder and its line here. */
import { ecs } from '#aws/ecs/ecs.ts'
import { iam } from '#aws/iam/iam.ts'
import { logs } from '#aws/logs/logs.ts'
import type { LogStorage } from '#aws/logs/storage.ts'
import { sts } from '#aws/sts/sts.ts'
import type { Room } from '#room/room.ts'

/** What rooms keep outside the store. */
export type Storages = { readonly logs: LogStorage }

export const roomsOn = (storages: Storages): readonly Room[] => [ecs, iam, logs(storages.logs), sts]
