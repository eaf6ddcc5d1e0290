import type {
  Attribute,
  RegisterContainerInstanceRequest,
  RegisterContainerInstanceResponse,
  Resource,
} from '#contract/ecs.ts'
import type { Context, Operation } from '#room/operation.ts'
import { ownerOf } from '#room/owned.ts'
import type { Write } from '#store/store.ts'
import { isPolicyAttribute } from '#wire/host-policy.ts'

import { tagging, theCluster } from '../access.ts'
import { registrationRefusal } from '../agents/rivals.ts'
import { checkForm } from '../instances/attributes.ts'
import { addInstance, changeInstance, keptVersions } from '../instances/change.ts'
import { bindHost, containerInstanceOf } from '../instances/host-keys.ts'
import { toContainerInstance } from '../instances/view.ts'
import {
  activeCluster,
  clientException,
  clusterKey,
  clusterName,
  containerInstanceArn,
  containerInstanceArns,
  invalidParameter,
  ofInstance,
} from '../names/names.ts'
import {
  type Cluster,
  type ContainerInstance,
  containerInstances,
  type Resources,
} from '../records/records.ts'
import { tasksByInstance } from '../records/records.ts'
import { keptTags, validateTags } from '../tags.ts'
import { changeCounts, reserve } from '../tasks/change.ts'
import { theInstance } from '../tasks/find.ts'

const WITH_TAGS: ReadonlySet<string> = new Set(['TAGS'])
const AVAILABILITY_ZONE = 'ecs.availability-zone'
const INSTANCE_TYPE = 'ecs.instance-type'
const ATTRIBUTES_MAX = 300
/** AWS reserves a hundred on a host at most. */
const PORTS_MAX = 1000
const GPUS_MAX = 128
const GPU_ID_LENGTH_MAX = 255

/**
 * A host joins, or comes back with the ARN it was given. Every attribute that has a value is in the answer: the
 * Amazon agent ends itself when one is not.
 */
export const RegisterContainerInstance: Operation<
  RegisterContainerInstanceRequest,
  RegisterContainerInstanceResponse
> = {
  access(tx, input, context) {
    const { containerInstanceArn: arn, cluster } = input
    const { caller } = context
    const anyOfIt = {
      ...caller,
      clusterName: clusterName(caller, cluster),
      containerInstanceId: '*',
    }
    const tags = tagging(
      input.tags,
      'RegisterContainerInstance',
      arn ?? containerInstanceArn(anyOfIt),
    )
    if (!arn) return [...theCluster(tx, input, context), ...tags]
    // One that is not there is said first: the host registers anew then. One that is there must be its own.
    const instance = theInstance(tx, caller, activeCluster(tx, caller, cluster), arn)
    return [{ resources: [containerInstanceArn(instance)] }, ...tags]
  },
  run(tx, input, context) {
    const cluster = activeCluster(tx, context.caller, input.cluster)
    if ((input.attributes?.length ?? 0) > ATTRIBUTES_MAX)
      throw invalidParameter(`A container instance can have at most ${ATTRIBUTES_MAX} attributes.`)
    input.attributes?.forEach(checkForm)
    validateTags(input.tags)
    const registered = resourcesOf(input.totalResources ?? [], input.platformDevices ?? [])
    const known = input.containerInstanceArn ?? boundTo(tx, cluster, context)
    const instance = known
      ? again(tx, cluster, { ...input, containerInstanceArn: known }, registered, context)
      : first(tx, cluster, input, registered, context)
    bind(tx, instance, context)
    return { containerInstance: toContainerInstance(instance, WITH_TAGS) }
  },
}

function first(
  tx: Write,
  cluster: Cluster,
  input: RegisterContainerInstanceRequest,
  registered: Resources,
  { ids, now, caller }: Context,
): ContainerInstance {
  const instance: ContainerInstance = {
    ...ownerOf(caller),
    containerInstanceId: ids.hex(32),
    clusterName: cluster.clusterName,
    status: 'ACTIVE',
    registeredAt: now,
    ec2InstanceId: ec2InstanceId(input.instanceIdentityDocument),
    registered,
    remaining: registered,
    attributes: withZone(input.attributes ?? [], caller.region),
    tags: keptTags(input.tags),
    agentConnected: false,
    versionInfo: keptVersions(input.versionInfo),
    runningTasksCount: 0,
    pendingTasksCount: 0,
    version: 1,
  }
  addInstance(tx, instance, { now, id: ids.uuid() })
  changeCounts(tx, clusterKey(cluster, cluster.clusterName), {
    registeredContainerInstancesCount: 1,
  })
  return instance
}

/** Capabilities are what the agent says now; attributes of the user's stay as they were set. */
function again(
  tx: Write,
  cluster: Cluster,
  input: RegisterContainerInstanceRequest,
  registered: Resources,
  { ids, now, caller }: Context,
): ContainerInstance {
  const before = theInstance(tx, caller, cluster, input.containerInstanceArn as string)
  const said = input.attributes ?? []
  const typeOf = (attributes: readonly Attribute[]) =>
    attributes.find(({ name }) => name === INSTANCE_TYPE)?.value
  if (
    typeOf(said) !== undefined &&
    typeOf(before.attributes) !== undefined &&
    typeOf(said) !== typeOf(before.attributes)
  )
    throw clientException('Container instance type changes are not supported.')
  const kept = before.attributes.filter(
    ({ name }) => !isAgents(name) && !said.some((attribute) => attribute.name === name),
  )
  let remaining = registered
  for (const { row } of tx.find(tasksByInstance, ofInstance(before)))
    remaining = reserve(remaining, row.reserved)
  return changeInstance(
    tx,
    before,
    { registered, remaining, attributes: withZone([...said, ...kept], caller.region) },
    { now, id: ids.uuid() },
  )
}

/** What only the agent says: it may not be so any more. */
const isAgents = (name: string): boolean =>
  /(^|\.)ecs\.capability\./.test(name) || isPolicyAttribute(name)

/** One machine is one availability zone unless the operator says otherwise by an attribute. */
function withZone(attributes: readonly Attribute[], region: string): Attribute[] {
  const kept = attributes.map(({ name, value }) =>
    value === undefined ? { name } : { name, value },
  )
  const hasZone = kept.some(({ name }) => name === AVAILABILITY_ZONE)
  return hasZone ? kept : [...kept, { name: AVAILABILITY_ZONE, value: `${region}a` }]
}

function resourcesOf(
  resources: readonly Resource[],
  devices: readonly { readonly id?: string | undefined; readonly type?: string | undefined }[],
): Resources {
  const byName = new Map(resources.map((resource) => [resource.name, resource]))
  const number = (name: string): number => {
    const value = byName.get(name)?.integerValue ?? 0
    if (!Number.isInteger(value) || value < 0) throw invalidParameter(`Invalid resource ${name}.`)
    return value
  }
  const ports = (name: string): number[] => {
    const texts = byName.get(name)?.stringSetValue ?? []
    if (texts.length > PORTS_MAX)
      throw invalidParameter(`${name} can have at most ${PORTS_MAX} ports.`)
    return texts.map((text) => {
      const port = Number(text)
      if (!Number.isInteger(port) || port < 0 || port > 65_535)
        throw invalidParameter(`Invalid port in ${name}.`)
      return port
    })
  }
  return {
    cpu: number('CPU'),
    memoryMiB: number('MEMORY'),
    ports: ports('PORTS'),
    portsUdp: ports('PORTS_UDP'),
    gpuIds: gpusOf(devices),
  }
}

function gpusOf(
  devices: readonly { readonly id?: string | undefined; readonly type?: string | undefined }[],
): string[] {
  const ids = devices.flatMap(({ id, type }) => (type === 'GPU' && id ? [id] : []))
  if (ids.length > GPUS_MAX)
    throw invalidParameter(`A container instance can have at most ${GPUS_MAX} GPUs.`)
  if (ids.some((id) => id.length > GPU_ID_LENGTH_MAX))
    throw invalidParameter('Invalid id of a GPU.')
  return ids
}

/** Hosts outside EC2 send none. */
function ec2InstanceId(document: string | undefined): string {
  if (!document) return ''
  try {
    const { instanceId } = JSON.parse(document) as { instanceId?: unknown }
    return typeof instanceId === 'string' ? instanceId.slice(0, 64) : ''
  } catch {
    throw invalidParameter('Invalid instance identity document.')
  }
}

/**
 * A machine has one key, and is one container instance: one that is another cluster's stays that. One that does not say which, because it lost its
 * state or never heard the answer, is the one that it was: else two would hold its resources, and one for ever.
 */
function boundTo(tx: Write, { clusterName }: Cluster, { caller }: Context): string | undefined {
  const { principal, region } = caller
  if (principal.type !== 'host') return undefined
  const arn = containerInstanceOf(tx, principal.accountId, principal.hostId) ?? ''
  const bound = containerInstanceArns.read(arn)
  const row = bound && tx.get(containerInstances, ofInstance({ ...bound, tenant: caller.tenant }))
  if (!row || row.status === 'INACTIVE') return undefined
  const refusal = registrationRefusal(row)
  if (refusal !== undefined) throw clientException(refusal)
  if (row.clusterName !== clusterName || row.region !== region)
    throw clientException(
      `The machine key of host ${principal.hostId} is good for ${arn}, which is registered still. Deregister that first, or give this machine another key.`,
    )
  return arn
}

/** A machine key is good from now on for this container instance only. */
function bind(tx: Write, instance: ContainerInstance, { caller: { principal } }: Context): void {
  if (principal.type !== 'host') return
  bindHost(tx, {
    hostId: principal.hostId,
    accountId: principal.accountId,
    containerInstanceArn: containerInstanceArn(instance),
  })
}
