/** TCS, the control plane's half: telemetry comes in, each frame signed by itself; container health goes to the tasks. */
import type { Caller } from '#kernel/principal.ts'
import type { Conversation, Socket } from '#room/conversation.ts'
import type { Tools } from '#room/room.ts'
import { parseTcsConnect } from '#wire/connect.ts'
import {
  formatTcs,
  parseTcsUp,
  splitSignedFrame,
  TCS_ACKNOWLEDGEMENT,
  type TcsUp,
} from '#wire/tcs.ts'

import { changeInstance } from '../instances/change.ts'
import { ofInstance } from '../names/names.ts'
import { type ContainerInstance, containerInstances } from '../records/records.ts'
import { connectingInstance, refusal } from './caller-instance.ts'
import { takeHealth } from './health.ts'
import type { AgentHub } from './hub.ts'

/** Agents close a connection on which nothing came for a minute. */
const HEARTBEAT_MS = 25_000
/** Agents publish several times a minute; one that has nothing to say comes back when it has. */
const IDLE_MS = 5 * 60_000

export function tcsConversation(tools: Tools, hub: AgentHub): Conversation {
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
      return (socket) => converse(tools, hub, { target, caller, instance, socket })
    },
  }
}

type Session = {
  readonly target: string
  readonly caller: Caller
  readonly instance: ContainerInstance
  readonly socket: Socket
}

function converse(tools: Tools, hub: AgentHub, session: Session): void {
  const { socket } = session
  const left = hub.joinTelemetry({
    instance: session.instance,
    dismiss: () => socket.close(1000, 'ConnectionReplaced'),
  })
  let heardAt = tools.clock.now()
  let stop: () => void = () => {}
  const beat = (): void => {
    stop = tools.clock.after(HEARTBEAT_MS, () => {
      if (tools.clock.now() - heardAt > IDLE_MS) return socket.close(1000, 'Nothing was heard.')
      socket.send(formatTcs({ type: 'HeartbeatMessage', message: { healthy: true } }))
      beat()
    })
  }
  beat()
  socket.onClose(() => {
    stop()
    left()
  })
  socket.onMessage((text) => {
    heardAt = tools.clock.now()
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
  if (frame.type === 'PublishHealthRequest')
    takeHealth(tools, ofInstance(instance), frame.message.tasks ?? [])
  if (frame.type === 'PublishInstanceStatusRequest') {
    const [status] = frame.message.statuses ?? []
    if (status) instanceStatus(tools, instance, status)
  }
  // Metrics have no reader before CloudWatch is built; they are acknowledged, as the protocol asks.
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
