/** ACS: the socket that tells a host what to run, both directions. */
import { extensionDown, extensionUp } from './extension.ts'
import { formatFrame, parseFrame, type FrameOf } from './frame.ts'
import { ACS_FRAME_BYTES_MAX, TASKS_MAX } from './limits.ts'
import {
  anything,
  flag,
  integer,
  list,
  name,
  number,
  object,
  oneOf,
  text,
  type Read,
} from './read.ts'
import { readRoleCredentials, type AcsTask } from './task.ts'

/** Every message that asks for an answer names the container instance that it is for. */
const addressed = { clusterArn: name, containerInstanceArn: name, messageId: name }
const taskIdentity = object(
  { taskArn: name },
  { taskClusterArn: text, desiredStatus: oneOf('RUNNING', 'STOPPED') },
)
const notice = object({}, { message: text })

const down = {
  ...extensionDown,
  HeartbeatMessage: object({}, { healthy: flag, messageId: text }),
  /**
   * Tasks are read one by one, by `readTask`: a bad one is reported STOPPED with the reason and keeps the payload
   * from being acknowledged, and the others run.
   */
  PayloadMessage: object(addressed, {
    generatedAt: number,
    seqNum: integer,
    tasks: list(anything, TASKS_MAX),
  }),
  /** All that the control plane knows of this host. Ignored where `timeline` is not greater than the last one. */
  TaskManifestMessage: object(
    { ...addressed, timeline: integer, tasks: list(taskIdentity, TASKS_MAX) },
    { generatedAt: number },
  ),
  /** The answer to a `TaskStopVerificationMessage`: only what it names is stopped. */
  TaskStopVerificationAck: object(
    { messageId: name, stopTasks: list(taskIdentity, TASKS_MAX) },
    { generatedAt: number },
  ),
  IAMRoleCredentialsMessage: object(
    { messageId: name, taskArn: name, roleCredentials: readRoleCredentials },
    { taskClusterArn: text, roleType: oneOf('TaskApplication', 'TaskExecution') },
  ),
  /** These only say something; a close follows from the socket itself. */
  ErrorMessage: notice,
  CloseMessage: notice,
}

const up = {
  ...extensionUp,
  HeartbeatAckRequest: object({ messageId: name }),
  AckRequest: object({ cluster: text, containerInstance: name, messageId: name }),
  NackRequest: object(
    { cluster: text, containerInstance: name, messageId: name },
    { reason: text },
  ),
  IAMRoleCredentialsAckRequest: object(
    { messageId: name, credentialsId: name },
    { expiration: text },
  ),
  /** What runs here and was not in the manifest. `messageId` is the manifest's. */
  TaskStopVerificationMessage: object({
    messageId: name,
    stopCandidates: list(taskIdentity, TASKS_MAX),
  }),
}

export type AcsTaskIdentity = Read<typeof taskIdentity>
/** What the control plane may say, as a host reads it: the tasks of a payload are not looked at yet. */
export type AcsDownReceived = FrameOf<typeof down>
export type PayloadReceived = Extract<AcsDownReceived, { type: 'PayloadMessage' }>['message']
export type TaskManifest = Extract<AcsDownReceived, { type: 'TaskManifestMessage' }>['message']
export type RoleCredentialsPush = Extract<
  AcsDownReceived,
  { type: 'IAMRoleCredentialsMessage' }
>['message']
/** A payload, as the control plane writes it. */
export type Payload = Omit<PayloadReceived, 'tasks'> & { readonly tasks: readonly AcsTask[] }
/** What the control plane says. */
export type AcsDown =
  | Exclude<AcsDownReceived, { type: 'PayloadMessage' }>
  | { readonly type: 'PayloadMessage'; readonly message: Payload }
/** What a host says. */
export type AcsUp = FrameOf<typeof up>

/** Read by hosts. `undefined` for a type that this build does not know. */
export function parseAcsDown(frame: string): AcsDownReceived | undefined {
  return parseFrame(down, frame, ACS_FRAME_BYTES_MAX)
}

/** Read by the control plane. `undefined` for a type that this build does not know. */
export function parseAcsUp(frame: string): AcsUp | undefined {
  return parseFrame(up, frame, ACS_FRAME_BYTES_MAX)
}

export function formatAcs(frame: AcsDown | AcsUp): string {
  return formatFrame(frame)
}
