/** AWS STS: who the caller is. Temporary credentials come with roles, in a later release. */
import type { Room } from '#room/room.ts'

import { GetCallerIdentity } from './operations/GetCallerIdentity.ts'

export const sts: Room = { service: 'sts', operations: { GetCallerIdentity } }
