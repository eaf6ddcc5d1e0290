/**
 * AWS IAM. This build has accounts, their root keys and machine keys, which the operator's command line makes; users,
 * roles and policies come with a later release, and until then every operation says 501.
 */
import type { Room } from '#room/room.ts'

export const iam: Room = { service: 'iam', operations: {} }
