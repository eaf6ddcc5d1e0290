/** The signed JSON calls of a host, as far as both halves share them; names and shapes are ECS's own. */
import { flag, list, name, number, object, text, type Read } from './read.ts'

/** `X-Amz-Target` is this, a dot, and the operation. */
export const TARGET_PREFIX = 'AmazonEC2ContainerServiceV20141113'

export type Resource =
  | { readonly name: string; readonly type: 'INTEGER'; readonly integerValue: number }
  | {
      readonly name: string
      readonly type: 'STRINGSET'
      readonly stringSetValue: readonly string[]
    }
/** Name-only attributes are capabilities; those with a value must come back equal in the answer. */
export type Attribute = { readonly name: string; readonly value?: string | undefined }
export type Tag = { readonly key: string; readonly value: string }

export type RegisterContainerInstanceRequest = {
  readonly cluster: string
  readonly clientToken: string
  /** Set when a known container instance registers again. */
  readonly containerInstanceArn?: string | undefined
  readonly instanceIdentityDocument: string
  readonly instanceIdentityDocumentSignature: string
  readonly totalResources: readonly Resource[]
  readonly attributes: readonly Attribute[]
  readonly platformDevices?: readonly { readonly id: string; readonly type: 'GPU' }[] | undefined
  readonly tags?: readonly Tag[] | undefined
}

export type NetworkBinding = {
  readonly bindIP: string
  readonly containerPort?: number | undefined
  readonly hostPort?: number | undefined
  readonly containerPortRange?: string | undefined
  readonly hostPortRange?: string | undefined
  readonly protocol: 'tcp' | 'udp'
}

/** What a state change says of one container. One request may name a container twice, in order. */
export type ContainerStateChange = {
  readonly containerName: string
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED'
  readonly runtimeId?: string | undefined
  readonly exitCode?: number | undefined
  readonly reason?: string | undefined
  readonly imageDigest?: string | undefined
  readonly networkBindings?: readonly NetworkBinding[] | undefined
}

/** Instants are seconds since the Unix epoch, with a fraction. There is no start: the control plane stamps it. */
export type SubmitTaskStateChangeRequest = {
  readonly cluster: string
  readonly task: string
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED'
  readonly reason: string
  readonly containers?: readonly ContainerStateChange[] | undefined
  readonly pullStartedAt?: number | undefined
  readonly pullStoppedAt?: number | undefined
  readonly executionStoppedAt?: number | undefined
}

export type TaskProtectionRequest = {
  readonly cluster: string
  readonly tasks: readonly string[]
  readonly protectionEnabled?: boolean | undefined
  readonly expiresInMinutes?: number | undefined
}

export type RegisterContainerInstanceAnswer = Read<typeof readRegistration>
export type DiscoverPollEndpointAnswer = Read<typeof readEndpoints>

/** The members of the answers that a host reads. */
export const readRegistration = object({
  containerInstance: object(
    { containerInstanceArn: name },
    { attributes: list(object({ name }, { value: text })) },
  ),
})
export const readTags = object({}, { tags: list(object({ key: text, value: text })) })
export type TaskProtectionAnswer = Read<typeof readProtection>
export const readProtection = object({
  protectedTasks: list(
    /** Seconds since the epoch. */
    object({ taskArn: text }, { protectionEnabled: flag, expirationDate: number }),
  ),
  failures: list(object({}, { arn: text, reason: text, detail: text })),
})
export const readEndpoints = object({ endpoint: name, telemetryEndpoint: name })
