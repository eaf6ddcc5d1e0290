/**
 * Every operation of every service, from AWS's own JavaScript clients over real HTTP, signed: what the client sends
 * is what the operation hears, what the operation returns is what the client reads.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'

import { modelOf, type OperationModel, type ServiceFacts } from '#gateway/model.ts'

import { SOURCES } from '../../tools/generate/facts.ts'
import { ACCESS_KEY_ID, EchoHouse, SECRET_ACCESS_KEY, withoutLimits } from './echo-house.ts'
import { quirkOf, type Quirk } from './quirks.ts'
import { plain, RandomValues } from './random-values.ts'

const ROUNDS = 2
const require = createRequire(import.meta.url)
const values = new RandomValues(20_141_113)
const house = new EchoHouse(values)
let endpoint = ''

before(async () => {
  const server = await house.gateway.listen({ host: '127.0.0.1', port: 0 })
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => house.gateway.close())

type Middlewares = { remove(name: string): boolean }
type Client = {
  send(command: unknown): Promise<Record<string, unknown>>
  middlewareStack: Middlewares
  destroy(): void
}
type Sdk = Readonly<Record<string, new (input: unknown) => Client>>
const { AwsSmithyRpcV2CborProtocol, AwsQueryProtocol } =
  require('@aws-sdk/core/protocols') as Record<string, unknown>

for (const { facts, sdk } of SOURCES) round(facts, sdk, facts.protocols[0]!)
for (const service of ['cloudwatch', 'sqs']) {
  const source = SOURCES.find((each) => each.facts.service === service)!
  if (service === 'cloudwatch') round(source.facts, source.sdk, 'cbor', AwsSmithyRpcV2CborProtocol)
  round(source.facts, source.sdk, 'query', AwsQueryProtocol)
}

function round(facts: ServiceFacts, sdk: string, protocol: string, forced?: unknown): void {
  test(`${facts.service} in ${protocol}: every operation comes back as it went`, async (context) => {
    const exports = require(sdk) as Sdk
    const client = clientOf(facts, exports, forced)
    const failures: string[] = []
    let trips = 0
    for (const operation of withoutLimits(modelOf(facts.service)).operations.values()) {
      const quirk = quirkOf('js', protocol, facts.service, operation)
      if (quirk?.skip) continue
      for (let turn = 0; turn < ROUNDS; turn++) {
        const failure = await trip({ facts, exports, client, protocol, quirk }, operation)
        trips++
        if (failure !== undefined) failures.push(`${operation.name}: ${failure}`)
      }
    }
    client.destroy()
    context.diagnostic(`${trips} round trips`)
    assert.deepEqual(failures, [])
    assert.deepEqual(house.errors, [])
  })
}

function clientOf(facts: ServiceFacts, exports: Sdk, protocol: unknown): Client {
  const [, Class] = Object.entries(exports).find(([name]) => /^[A-Za-z0-9]+Client$/.test(name))!
  const client = new Class({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, withoutLimits },
    maxAttempts: 1,
    disableHostPrefix: true,
    forcePathStyle: true,
    // Checksums that the caller did not ask for would come back as inputs that were not sent.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    // Random digests are no digests of random bodies.
    ...(facts.service === 'sqs' && { md5: false }),
    ...(protocol === undefined ? {} : { protocol }),
  })
  // These rewrite what the caller gave: they would be tested here, not the wire.
  for (const name of [
    'sendMessageMiddleware',
    'queueUrlMiddleware',
    'ssecMiddleware',
    'validateBucketNameMiddleware',
    'locationConstraintMiddleware',
    'idNormalizerMiddleware',
    'changeResourceRecordSets',
    'AccountIdEndpointMiddleware',
  ])
    client.middlewareStack.remove(name)
  return client
}

type Trip = {
  facts: ServiceFacts
  exports: Sdk
  client: Client
  protocol: string
  quirk: Quirk | undefined
}

async function trip(
  { facts, exports, client, protocol, quirk }: Trip,
  operation: OperationModel,
): Promise<string | undefined> {
  const style = { xml: ['query', 'ec2', 'rest-xml'].includes(protocol), ec2: protocol === 'ec2' }
  const input = values.input(operation, style)
  if (facts.service === 's3' && 'Bucket' in input) input['Bucket'] = 'bucket'
  for (const name of quirk?.omit ?? []) delete input[name]
  house.last = undefined
  try {
    const command = new exports[`${operation.name}Command`]!(structuredClone(input))
    const { $metadata: _, ...output } = await client.send(command)
    const heard = house.last as EchoHouse['last']
    if (heard?.operation !== operation.name) return `reached ${heard?.operation}`
    const difference =
      differ('input', withoutTokens(heard.input, input, operation), plain(input), quirk) ??
      differ('output', plain(output), plain(heard.output), quirk)
    return difference
  } catch (error) {
    if (quirk?.refuses !== undefined && error instanceof Error && error.message === quirk.refuses)
      return undefined
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

/** The members in which two values differ, short enough to read. */
function differ(
  what: string,
  got: unknown,
  wanted: unknown,
  quirk: Quirk | undefined,
): string | undefined {
  if (isDeepStrictEqual(got, wanted)) return undefined
  const [a, b] = [got, wanted] as Record<string, unknown>[]
  const names = Object.keys({ ...a, ...b }).filter(
    (name) => !isDeepStrictEqual(a?.[name], b?.[name]) && !quirk?.fills?.includes(name),
  )
  if (names.length === 0) return undefined
  return names
    .map((name) => `${what} ${name}: ${cut(a?.[name])} instead of ${cut(b?.[name])}`)
    .join('; ')
}

const cut = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200)

/** Clients fill in idempotency tokens by themselves. */
function withoutTokens(
  heard: object | undefined,
  sent: Record<string, unknown>,
  operation: OperationModel,
): unknown {
  const made = plain(heard) as Record<string, unknown>
  for (const member of operation.input.members)
    if (member.idempotencyToken && sent[member.name] === undefined) delete made[member.name]
  return made
}
