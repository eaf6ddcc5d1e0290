/** What real clients cannot send or read, by name and with the reason: everything else must come back equal. */
import type { OperationModel } from '#gateway/model.ts'

export type Quirk = {
  /** The operation is not tried at all. */
  readonly skip?: true
  /** Input members that are not sent. */
  readonly omit?: readonly string[]
  /** Members that the client fills in, in inputs or outputs, though nobody gave them. */
  readonly fills?: readonly string[]
  /** What the client itself says of some answers, instead of reading them. */
  readonly refuses?: string
  readonly reason: string
}
type Client = 'js' | 'boto3'
type Line = readonly [clients: readonly Client[], where: string, quirk: Quirk]

/** `service:Operation`, with the protocol before it where only that one is meant; `*` is every operation. */
const QUIRKS: readonly Line[] = [
  [
    ['js'],
    'events:PutEvents',
    { omit: ['EndpointId'], reason: 'the endpoint id is made part of the host' },
  ],
  [
    ['js'],
    'ec2:CopySnapshot',
    {
      fills: ['DestinationRegion', 'PresignedUrl'],
      reason: 'the client presigns the copy for the other region',
    },
  ],
  [
    ['js'],
    's3:*',
    {
      omit: ['ChecksumAlgorithm'],
      fills: ['ChecksumAlgorithm'],
      reason: 'the client adds a checksum of its own choice where one is required',
    },
  ],
  [
    ['js'],
    's3:*',
    {
      omit: ['SSECustomerKey', 'CopySourceSSECustomerKey'],
      reason: 'the client encodes and hashes customer keys by itself',
    },
  ],
  [
    ['js'],
    's3:HeadObject',
    {
      fills: ['ExpiresString', 'Expires', 'Metadata', 'ContentLength'],
      reason:
        'one header is two members, and the client reads no metadata as empty and no length as 0',
    },
  ],
  ...['CopyObject', 'UploadPartCopy', 'CompleteMultipartUpload'].map((name): Line => [
    ['js'],
    `s3:${name}`,
    { refuses: 'S3 aborted request', reason: 'an answer of 200 without a body is an aborted one' },
  ]),
  [
    ['js'],
    's3:ListDirectoryBuckets',
    {
      skip: true,
      reason: 'it is ListBuckets to everyone but the host name, which a custom endpoint replaces',
    },
  ],
  [
    ['js'],
    'query sqs:ReceiveMessage',
    {
      omit: ['MessageSystemAttributeNames', 'AttributeNames'],
      reason: 'both members have one name in Query',
    },
  ],
  ...['SendDurableExecutionCallbackFailure', 'StopDurableExecution'].map((name): Line => [
    ['js'],
    `lambda:${name}`,
    { fills: ['Error'], reason: 'an absent structure is sent as the empty one' },
  ]),
  [
    ['js'],
    'lambda:*',
    {
      fills: ['StatusCode', 'Payload'],
      reason: 'the client reads the HTTP status, and no payload as null',
    },
  ],
  [
    ['js'],
    'query cloudwatch:PutMetricAlarm',
    { omit: ['EvaluationWindow'], reason: 'an empty structure has no form in Query' },
  ],
]

/** The quirk of an operation, if it has one. */
export function quirkOf(
  client: Client,
  protocol: string,
  service: string,
  operation: OperationModel,
): Quirk | undefined {
  const streams = [operation.input, operation.output].some((shape) =>
    shape.members.some((member) => member.shape.streaming),
  )
  if (streams) return { skip: true, reason: 'a stream: bodies do not stream yet' }
  const names = [
    `${service}:${operation.name}`,
    `${protocol} ${service}:${operation.name}`,
    `${service}:*`,
  ]
  const found = QUIRKS.filter(
    ([clients, where]) => clients.includes(client) && names.includes(where),
  ).map((line) => line[2])
  if (found.length === 0) return undefined
  return {
    ...(found.some((quirk) => quirk.skip) && { skip: true as const }),
    omit: found.flatMap((quirk) => quirk.omit ?? []),
    fills: found.flatMap((quirk) => quirk.fills ?? []),
    ...(found.some((quirk) => quirk.refuses) && {
      refuses: found.find((quirk) => quirk.refuses)!.refuses!,
    }),
    reason: found.map((quirk) => quirk.reason).join('; '),
  }
}
