/**
 * Berth's own part of ACS, beside the public protocol and never needed by it. An agent that has it says `BerthHello`
 * when it connects, a control plane that has it answers `BerthWelcome`; whoever does not know these ignores them.
 */
import {
  CONTAINERS_MAX,
  HEALTH_TASKS_MAX,
  NETWORK_BINDINGS_MAX,
  STATE_CHANGES_MAX,
  TOPICS_MAX,
} from './limits.ts'
import {
  anything,
  int32,
  integer,
  list,
  name,
  number,
  object,
  oneOf,
  text,
  type Read,
} from './read.ts'
import { knownTopic, topicEntries, topicState } from './topic.ts'

const networkBinding = object(
  { protocol: oneOf('tcp', 'udp') },
  {
    bindIP: text,
    containerPort: int32,
    hostPort: int32,
    containerPortRange: text,
    hostPortRange: text,
  },
)
const status = oneOf('PENDING', 'RUNNING', 'STOPPED')
/** As `SubmitTaskStateChange` has it. */
const stateChange = object(
  { task: name, status },
  {
    reason: text,
    containers: list(
      object(
        { containerName: name, status },
        {
          runtimeId: text,
          exitCode: int32,
          reason: text,
          imageDigest: text,
          networkBindings: list(networkBinding, NETWORK_BINDINGS_MAX),
        },
      ),
      CONTAINERS_MAX,
    ),
    pullStartedAt: number,
    pullStoppedAt: number,
    executionStoppedAt: number,
  },
)
const containerHealth = object({
  containerName: name,
  healthStatus: oneOf('HEALTHY', 'UNHEALTHY', 'UNKNOWN'),
})
export const extensionUp = {
  /** The topics that the host is to be told, and what it knows of them. `version` is that of topics: see `topic.ts`. */
  BerthHello: object({ topics: list(knownTopic, TOPICS_MAX) }, { version: integer }),
  /** State changes that are taken or refused one by one, in their order; `messageId` comes back with the results. */
  BerthStateChanges: object({ messageId: name, changes: list(stateChange, STATE_CHANGES_MAX) }),
  /** Health that has just changed; the same comes again with the next telemetry. */
  BerthHealth: object({
    tasks: list(
      object({ taskArn: name, containers: list(containerHealth, CONTAINERS_MAX) }),
      HEALTH_TASKS_MAX,
    ),
  }),
  BerthTopicState: topicState,
}

export const extensionDown = {
  BerthWelcome: object({}),
  /** One result for each change, in their order: without a code it was taken, and is durable. */
  BerthStateChangesAck: object({
    messageId: name,
    results: list(object({}, { code: text, message: text }), STATE_CHANGES_MAX),
  }),
  BerthTopicEntries: topicEntries,
  /** All of a topic, as it is now: before version 2 of topics. */
  BerthTopic: object({ name, revision: name, content: anything }),
}

export type StateChange = Read<typeof stateChange>
export type TaskHealth = Read<typeof extensionUp.BerthHealth>['tasks'][number]
