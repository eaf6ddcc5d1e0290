/** What the scheduler sees of a service's tasks, and when the mere passing of time will change it. */
import type { Read } from '#store/store.ts'

import { clusterKey, containerInstanceKey, definitionKey } from '../names/names.ts'
import { groupOf, inService, serviceKey, shareOf } from '../names/services.ts'
import {
  type ContainerInstance,
  type Health,
  containerInstances,
  type Task,
  taskDefinitions,
  tasksByInstance,
  tasksByService,
} from '../records/records.ts'
import {
  type Deployment,
  deployments,
  type Service,
  services,
  type TaskSet,
  taskSets,
} from '../records/services.ts'
import { hostsIn } from '../scheduler/cluster-hosts.ts'
import type { InstanceHost } from '../scheduler/hosts.ts'
import { type Placed, scaleInOrder } from '../scheduler/scale-in.ts'
import type { Order, SeenTask } from './plan.ts'
import type { Signals, World } from './world.ts'

/** A task without health checks is healthy when it has run this long (AWS, DeploymentConfiguration). */
const HEALTHY_AFTER_MS = 40_000

export type Seen = {
  readonly tasks: readonly SeenTask[]
  readonly order: Order
  /** Container instances that its tasks have to leave, and on which tasks run that are no daemon's. */
  readonly inUseByOthers: () => ReadonlySet<string>
  /** In how many milliseconds a task's state changes by itself. */
  readonly changesIn: number | undefined
}

export function see(tx: Read, service: Service, { now, lostAfterMs, signals }: World): Seen {
  const tasks: SeenTask[] = []
  // A daemon has no place elsewhere: it stays as it is, and nothing waits for it.
  const mayMove = service.schedulingStrategy === 'REPLICA'
  const hosts = new Hosts(tx, service, now, mayMove ? lostAfterMs : undefined)
  const checks = new Checks(tx)
  const shares = new Shares(tx, service)
  let soonest = Infinity
  const key = serviceKey(service, service.clusterName, groupOf(service.serviceName))
  for (const { row } of tx.find(tasksByService, key)) {
    const isStopping = row.desiredStatus === 'STOPPED'
    const host = hosts.of(row.containerInstanceId)
    // Nobody can say when a host out of reach confirms an end, and nothing waits for it. What an earlier service of the
    // name has left is on its way out, and is not this one's.
    if (isStopping && !(host.isReachable && shares.isOwn(row))) continue
    const { state, changesAt = Infinity } = stateOf(
      row,
      service,
      heard(row, checks.of(row), signals),
      now,
    )
    const expiry = row.protectedUntil ?? 0
    soonest = Math.min(soonest, changesAt, host.isLostAt, expiry > now ? expiry : Infinity)
    tasks.push({
      id: row.taskId,
      shareId: shares.of(row),
      state: host.isLost ? 'UNHEALTHY' : state,
      isStopping,
      isLeaving: host.isLeaving || host.isLost,
      isLost: host.isLost,
      isProtected: expiry > now && !host.isLost,
      hostId: row.containerInstanceId,
    })
  }
  return {
    tasks,
    order: orderOf(service, hosts),
    inUseByOthers: () => inUse(tx, service, tasks),
    changesIn: soonest === Infinity ? undefined : soonest - now,
  }
}

type State = { readonly state: SeenTask['state']; readonly changesAt?: number }

const NOTHING_HEARD: readonly Health[] = []

/** What is said of a task's health: by its essential containers that have a check, and by its load balancers. */
function heard(
  task: Task,
  checked: ReadonlySet<string>,
  signals: Signals | undefined,
): readonly Health[] {
  if (checked.size === 0 && !signals) return NOTHING_HEARD
  const target = signals?.target(task)
  const said = task.containers.filter(({ name }) => checked.has(name))
  return [...said.map(({ healthStatus }) => healthStatus), ...(target ? [target] : [])]
}

function stateOf(
  task: Task,
  { healthCheckGracePeriodSeconds }: Service,
  health: readonly Health[],
  now: number,
): State {
  if (task.lastStatus !== 'RUNNING') return { state: 'STARTING' }
  const startedAt = task.startedAt ?? task.createdAt
  if (health.length === 0) {
    const changesAt = startedAt + HEALTHY_AFTER_MS
    return now >= changesAt ? { state: 'HEALTHY' } : { state: 'WARMING', changesAt }
  }
  if (health.includes('UNHEALTHY')) {
    const changesAt = startedAt + healthCheckGracePeriodSeconds * 1000
    return now >= changesAt ? { state: 'UNHEALTHY' } : { state: 'WARMING', changesAt }
  }
  return { state: health.includes('UNKNOWN') ? 'WARMING' : 'HEALTHY' }
}

/** Which containers of a definition decide about a task's health. */
class Checks {
  readonly #tx: Read
  readonly #known = new Map<string, ReadonlySet<string>>()
  #last: (Pick<Task, 'family' | 'revision'> & { readonly names: ReadonlySet<string> }) | undefined

  constructor(tx: Read) {
    this.#tx = tx
  }

  of(task: Task): ReadonlySet<string> {
    // Most tasks are of the definition of the one before.
    if (task.family !== this.#last?.family || task.revision !== this.#last.revision)
      this.#last = { family: task.family, revision: task.revision, names: this.#namesOf(task) }
    return this.#last.names
  }

  #namesOf(task: Task): ReadonlySet<string> {
    const key = definitionKey(task, task.family, task.revision)
    const known = this.#known.get(key)
    if (known) return known
    const containers = this.#tx.get(taskDefinitions, key)?.definition.containerDefinitions ?? []
    const names = new Set(
      containers
        .filter(({ essential, healthCheck }) => essential && healthCheck)
        .map(({ name }) => name),
    )
    this.#known.set(key, names)
    return names
  }
}

/** Which share a task is of. Most tasks are of the share of the one before. */
class Shares {
  readonly #tx: Read
  readonly #service: Service
  #startedBy: string | undefined
  #shareId = ''
  #isOwn: boolean | undefined

  constructor(tx: Read, service: Service) {
    this.#tx = tx
    this.#service = service
  }

  of(task: Task): string {
    if (task.startedBy !== this.#startedBy) {
      this.#startedBy = task.startedBy
      this.#shareId = shareOf(task)?.shareId ?? ''
      this.#isOwn = undefined
    }
    return this.#shareId
  }

  /** Whether it is a share of this very service. */
  isOwn(task: Task): boolean {
    const shareId = this.of(task)
    return (this.#isOwn ??= this.#find(shareId)?.serviceId === this.#service.serviceId)
  }

  #find(shareId: string): Deployment | TaskSet | undefined {
    const key = inService(this.#service, shareId)
    return this.#tx.get(deployments, key) ?? this.#tx.get(taskSets, key)
  }
}

type HostFacts = {
  readonly isReachable: boolean
  readonly isLeaving: boolean
  readonly isLost: boolean
  /** When it will count as lost. */
  readonly isLostAt: number
}

/** The facts of nearly all hosts, nearly always. */
const WELL: HostFacts = { isReachable: true, isLeaving: false, isLost: false, isLostAt: Infinity }

class Hosts {
  readonly #tx: Read
  readonly #hosts: ReadonlyMap<string, InstanceHost>
  readonly #service: Service
  readonly #now: number
  readonly #lostAfterMs: number | undefined
  readonly #known = new Map<string, HostFacts>()

  constructor(tx: Read, service: Service, now: number, lostAfterMs: number | undefined) {
    this.#tx = tx
    this.#hosts = hostsIn(tx, clusterKey(service, service.clusterName))
    this.#service = service
    this.#now = now
    this.#lostAfterMs = lostAfterMs
  }

  instance(hostId: string): ContainerInstance | undefined {
    const there = this.#hosts.get(hostId)
    if (there) return there.instance
    const key = containerInstanceKey(this.#service, this.#service.clusterName, hostId)
    return this.#tx.get(containerInstances, key)
  }

  of(hostId: string): HostFacts {
    const host = this.#hosts.get(hostId)
    if (host?.active && host.agentConnected) return WELL
    const known = this.#known.get(hostId)
    if (known) return known
    const facts = this.#facts(this.instance(hostId))
    this.#known.set(hostId, facts)
    return facts
  }

  #facts(instance: ContainerInstance | undefined): HostFacts {
    const isThere = instance !== undefined && instance.status !== 'INACTIVE'
    const isReachable = isThere && instance.agentConnected
    const goneSince = isReachable ? undefined : instance?.disconnectedAt
    const lostAt =
      goneSince === undefined || this.#lostAfterMs === undefined
        ? Infinity
        : goneSince + this.#lostAfterMs
    return {
      isReachable,
      isLeaving: !isThere || instance.status === 'DRAINING',
      isLost: lostAt <= this.#now,
      isLostAt: lostAt <= this.#now ? Infinity : lostAt,
    }
  }
}

/** A daemon is the last to leave a host that drains: it may be what the others need there. */
function inUse(tx: Read, service: Service, tasks: readonly SeenTask[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { hostId, isLeaving } of tasks) {
    if (!isLeaving) continue
    const host = containerInstanceKey(service, service.clusterName, hostId)
    for (const { row: other } of tx.find(tasksByInstance, host)) {
      if (isDaemon(tx, other)) continue
      found.add(hostId)
      break
    }
  }
  return found
}

function isDaemon(tx: Read, task: Task): boolean {
  const share = shareOf(task)
  if (!share) return false
  const key = serviceKey(task, task.clusterName, share.serviceName)
  return tx.get(services, key)?.schedulingStrategy === 'DAEMON'
}

/** Orders tasks by what is known of their hosts alone: tasks that are started in this very step have a place too. */
function orderOf(service: Service, hosts: Hosts): Order {
  const placed = ({ id, hostId }: SeenTask): Placed => {
    const instance = hosts.instance(hostId)
    return {
      id,
      valueOf: (field) => {
        if (field === 'instanceId' || field === 'host') return hostId
        const name = field.replace(/^attribute:/, '')
        return instance?.attributes.find((attribute) => attribute.name === name)?.value ?? ''
      },
      remaining: (field) =>
        (field === 'cpu' ? instance?.remaining.cpu : instance?.remaining.memoryMiB) ?? 0,
    }
  }
  return (candidates, among) => {
    if (candidates.length < 2) return candidates
    const byId = new Map(candidates.map((task) => [task.id, task]))
    const { placementStrategy } = service
    const ordered = scaleInOrder(candidates.map(placed), among.map(placed), placementStrategy)
    return ordered.map(({ id }) => byId.get(id) as SeenTask)
  }
}
