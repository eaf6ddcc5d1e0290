/** TCS: the socket that brings a host's telemetry and its containers' health. */
import { formatFrame, parseFrame, type FrameOf } from './frame.ts'
import { CONTAINERS_MAX, TCS_FRAME_BYTES_MAX, TCS_TASKS_MAX } from './limits.ts'
import {
  flag,
  integer,
  list,
  name,
  number,
  object,
  oneOf,
  text,
  WireError,
  type Read,
} from './read.ts'

const statsSet = object({ min: number, max: number, sampleCount: integer, sum: number })
/** 64-bit counters: the value is `max` plus `overflowMax`, and so on. */
const longStatsSet = object(
  { min: number, max: number, sampleCount: integer, sum: number },
  { overflowMin: number, overflowMax: number, overflowSum: number },
)
const networkStats = object(
  {},
  {
    rxBytes: longStatsSet,
    rxDropped: longStatsSet,
    rxErrors: longStatsSet,
    rxPackets: longStatsSet,
    txBytes: longStatsSet,
    txDropped: longStatsSet,
    txErrors: longStatsSet,
    txPackets: longStatsSet,
    rxBytesPerSecond: statsSet,
    txBytesPerSecond: statsSet,
  },
)
const containerMetric = object(
  {},
  {
    containerName: text,
    containerArn: text,
    /** Percent of one CPU. */
    cpuStatsSet: statsSet,
    /** MiB. */
    memoryStatsSet: statsSet,
    networkStatsSet: networkStats,
    storageStatsSet: object({}, { readSizeBytes: longStatsSet, writeSizeBytes: longStatsSet }),
    restartStatsSet: object({}, { restartCount: integer }),
  },
)
const taskIdentity = {
  taskDefinitionFamily: text,
  taskDefinitionVersion: text,
  clusterArn: text,
}
const sender = { cluster: text, containerInstance: name }
const health = object(
  { containerName: name, healthStatus: oneOf('HEALTHY', 'UNHEALTHY', 'UNKNOWN') },
  { statusSince: number, statusMessage: text },
)

const up = {
  PublishMetricsRequest: object(
    { metadata: object({ ...sender, messageId: name }, { idle: flag, fin: flag }) },
    {
      timestamp: number,
      taskMetrics: list(
        object(
          { taskArn: name },
          { ...taskIdentity, containerMetrics: list(containerMetric, CONTAINERS_MAX) },
        ),
        TCS_TASKS_MAX,
      ),
    },
  ),
  PublishHealthRequest: object(
    { metadata: object({ ...sender, messageId: name }, { fin: flag }) },
    {
      timestamp: number,
      tasks: list(
        object({ taskArn: name }, { ...taskIdentity, containers: list(health, CONTAINERS_MAX) }),
        TCS_TASKS_MAX,
      ),
    },
  ),
  PublishInstanceStatusRequest: object(
    { metadata: object({ ...sender, requestId: name }) },
    {
      timestamp: number,
      statuses: list(
        object(
          { type: name, status: oneOf('OK', 'IMPAIRED', 'INSUFFICIENT_DATA', 'INITIALIZING') },
          { lastUpdated: number, lastStatusChange: number },
        ),
      ),
    },
  ),
}

const acknowledgement = object({}, { message: text })
const down = {
  HeartbeatMessage: object({}, { healthy: flag }),
  AckPublishMetric: acknowledgement,
  AckPublishHealth: acknowledgement,
  AckPublishInstanceStatus: acknowledgement,
}

export type TcsUp = FrameOf<typeof up>
export type TcsDown = FrameOf<typeof down>
export type StatsSet = Read<typeof statsSet>
export type ContainerMetric = Read<typeof containerMetric>
export type ContainerHealth = Read<typeof health>

/** The answer that each publication gets. */
export const TCS_ACKNOWLEDGEMENT = {
  PublishMetricsRequest: 'AckPublishMetric',
  PublishHealthRequest: 'AckPublishHealth',
  PublishInstanceStatusRequest: 'AckPublishInstanceStatus',
} as const satisfies Record<TcsUp['type'], TcsDown['type']>

export function parseTcsUp(body: string): TcsUp | undefined {
  return parseFrame(up, body, TCS_FRAME_BYTES_MAX)
}

export function parseTcsDown(frame: string): TcsDown | undefined {
  return parseFrame(down, frame, TCS_FRAME_BYTES_MAX)
}

export function formatTcs(frame: TcsUp | TcsDown): string {
  return formatFrame(frame)
}

/** A frame upwards is a block of signed headers, an empty line, and the JSON that the signature is over. */
export type SignedFrame = {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function joinSignedFrame({ headers, body }: SignedFrame): string {
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`)
  return `${lines.join('')}\r\n${body}`
}

/** Header names come back in lower case. The signature is not looked at here: the reader of the socket checks it. */
export function splitSignedFrame(frame: string): SignedFrame {
  if (frame.length > TCS_FRAME_BYTES_MAX)
    throw new WireError(`frame is larger than ${TCS_FRAME_BYTES_MAX} bytes`)
  const end = frame.indexOf('\r\n\r\n')
  if (end < 0) throw new WireError('frame has no headers')
  const headers: Record<string, string> = {}
  for (const line of frame.slice(0, end).split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new WireError('frame has a line that is no header')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { headers, body: frame.slice(end + 4) }
}
