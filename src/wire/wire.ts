/**
 * What goes between the control plane and a host: the protocol of the public Amazon ECS agent, both halves, so that
 * the unmodified agent can join a Berth cluster and each side is checked by an implementation that is not its own.
 *
 * - `task.ts`     a task and its containers, as ACS carries them
 * - `acs.ts`      the socket that says what to run
 * - `extension.ts` what only Berth's own halves say to each other on that socket; `topic.ts` what hosts are told unasked
 * - `tcs.ts`      the socket that brings telemetry and health
 * - `connect.ts`  the sockets' addresses; `refusal.ts` how a connection is refused
 * - `calls.ts`    the signed JSON calls of a host
 *
 * Everything that comes from outside is read by `read.ts` under the limits of `limits.ts`.
 */
export { formatAcs, parseAcsUp } from './acs.ts'
export type { AcsDown, AcsDownReceived, AcsTaskIdentity, AcsUp, Payload } from './acs.ts'
export type { AcsContainer, AcsDependency, AcsTask, AcsVolume } from './task.ts'
