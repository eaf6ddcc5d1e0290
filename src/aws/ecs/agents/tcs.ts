/** TCS, the control plane's half: telemetry comes in, each frame signed by itself; container health goes to the tasks. */
import type { Caller } from '#kernel/principal.ts'
import type { Conversation, Socket, Tools } from '#room/room.ts'
import { parseTcsConnect } from '#wire/connect.ts'
import {
  formatTcs,
  parseTcsUp,
  splitSignedFrame,
  TCS_ACKNOWLEDGEMENT,
  type TcsUp,
} from '#wire/tcs.ts'

import { changeInstance } from '../instances/change.ts'
import { ofInstance, taskKeyOnHost } from '../names.ts'
import {
  type Container,
  type ContainerInstance,
  containerInstances,
  type Health,
  tasks,
} from '../records.ts'
import { changeTask } from '../tasks/change.ts'
import { essentials } from '../tasks/report.ts'
import { connectingInstance, refusal } from './caller-instance.ts'

/** Agents close a connection on which nothing came for a minute. */
const HEARTBEAT_MS = 25_000

export function tcsConversation(tools: Tools): Conversation {
  return {
    path: '/tcs/ws',
    open(target, caller) {
      let arn: string
      try {
        arn = parseTcsConnect(target).containerInstance
      } catch (error) {
        return refusal('BadRequestException', (error as Error).message)
      }
      const instance = tools.store.read((tx) =>
        connectingInstance(tx, tools.authorize, {
          caller,
          arn,
          action: 'ecs:StartTelemetrySession',
        }),
      )
      if ('body' in instance) return instance
      return (socket) => converse(tools, { target, caller, instance, socket })
    },
  }
}

type Session = {
  readonly target: string
  readonly caller: Caller
  readonly instance: ContainerInstance
  readonly socket: Socket
}

function converse(tools: Tools, session: Session): void {
  const { socket } = session
  let stop: () => void = () => {}
  const beat = (): void => {
    stop = tools.clock.after(HEARTBEAT_MS, () => {
      socket.send(formatTcs({ type: 'HeartbeatMessage', message: { healthy: true } }))
      beat()
    })
  }
  beat()
  socket.onClose(() => stop())
  socket.onMessage((text) => {
    try {
      const frame = readFrame(tools, session, text)
      if (!frame) return
      take(tools, session, frame)
      socket.send(formatTcs({ type: TCS_ACKNOWLEDGEMENT[frame.type], message: { message: 'ok' } }))
    } catch (error) {
      tools.log.warn('telemetry was refused', {
        containerInstance: session.instance.containerInstanceId,
        error: (error as Error).message,
      })
      socket.close(1008, 'The frame is not valid.')
    }
  })
}

/** Each frame is a signed request of its own: GET of the socket's address, with the frame's JSON as the body. */
function readFrame(tools: Tools, { target, caller }: Session, text: string): TcsUp | undefined {
  const { headers, body } = splitSignedFrame(text)
  const signer = tools.authenticate({ target, headers: Object.entries(headers), body })
  if (signer.tenant !== caller.tenant || signer.region !== caller.region)
    throw new Error('a frame is signed by another account or region')
  return parseTcsUp(body)
}

function take(tools: Tools, { instance }: Session, frame: TcsUp): void {
  if (frame.type === 'PublishHealthRequest') health(tools, instance, frame.message.tasks ?? [])
  if (frame.type === 'PublishInstanceStatusRequest') {
    const [status] = frame.message.statuses ?? []
    if (status) instanceStatus(tools, instance, status)
  }
  // Metrics have no reader before CloudWatch is built; they are acknowledged, as the protocol asks.
}

type HealthReports = NonNullable<
  Extract<TcsUp, { type: 'PublishHealthRequest' }>['message']['tasks']
>

function health(
  { store, clock, ids }: Tools,
  instance: ContainerInstance,
  reports: HealthReports,
): void {
  const instanceKey = ofInstance(instance)
  store.transact((tx) => {
    for (const { taskArn, containers: said = [] } of reports) {
      const task = tx.get(tasks, taskKeyOnHost(instanceKey, taskArn))
      if (!task || task.containerInstanceId !== instance.containerInstanceId) continue
      const now = new Map(
        said.map(({ containerName, healthStatus }) => [containerName, healthStatus]),
      )
      const containers = task.containers.map((container) => {
        const status = now.get(container.name)
        return status && status !== container.healthStatus
          ? { ...container, healthStatus: status }
          : container
      })
      if (containers.every((container, at) => container === task.containers[at])) continue
      const essential = essentials(tx, task)
      const healthStatus = taskHealth(containers.filter(({ name }) => essential.has(name)))
      changeTask(tx, task, { containers, healthStatus }, { now: clock.now(), id: ids.uuid() })
    }
  })
}

/** Of the essential containers, one unhealthy makes the task so, and one unknown keeps it unknown. */
function taskHealth(containers: readonly Container[]): Health {
  const statuses = containers.map((container) => container.healthStatus)
  if (statuses.includes('UNHEALTHY')) return 'UNHEALTHY'
  return statuses.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}

type Statuses = Extract<TcsUp, { type: 'PublishInstanceStatusRequest' }>['message']['statuses']
type Status = NonNullable<Statuses>[number]

function instanceStatus(
  { store, clock, ids }: Tools,
  before: ContainerInstance,
  said: Status,
): void {
  store.transact((tx) => {
    const instance = tx.get(containerInstances, ofInstance(before))
    if (!instance || instance.status === 'INACTIVE' || instance.health?.status === said.status)
      return
    const now = clock.now()
    const status = { status: said.status, lastUpdated: now, lastStatusChange: now }
    changeInstance(tx, instance, { health: status }, { now, id: ids.uuid() })
  })
}
