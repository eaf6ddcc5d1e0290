/**
 * What a room refuses by name until another room can act on it. The list is on the door, so that the page of what is built
 * shows it, and so that a room that comes finds what has waited for it: a test fails while that is still refused.
 */
import type { Contract } from '#contract/contract.ts'

/** Of what waits for no other room: a later release may have it. */
export const NO_ROOM = 'no room'

/** What is refused (an operation, a member, a value), and the service of the room that it waits for. */
export type Unbuilt = Readonly<Record<string, keyof Contract | typeof NO_ROOM>>
