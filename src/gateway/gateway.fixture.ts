import { createHash, createHmac } from 'node:crypto'
import { createRequire } from 'node:module'

/** A gateway without a network for tests: one key, a clock that stands still, and the operations a test gives it. */
import { SignatureV4 } from '@smithy/signature-v4'

import type { Clock } from '#kernel/clock.ts'
import type { Credential } from '#kernel/principal.ts'

import {
  Gateway,
  type Answer,
  type Built,
  type Finding,
  type GatewayLimits,
  type House,
} from './gateway.ts'

export const NOW = Date.parse('2026-01-02T03:04:05Z')
export const KEY: Credential & { accessKeyId: string } = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  principal: { type: 'root', accountId: '111122223333' },
  tenant: '111122223333',
}
export const SESSION = {
  ...KEY,
  accessKeyId: 'ASIAEXAMPLE',
  sessionToken: 'a session/token+with=signs',
}

export type Desk = {
  readonly gateway: Gateway
  readonly heard: object[]
  readonly found: Finding[]
  readonly logged: string[]
}
export type Operations = Readonly<Record<string, (input: never) => object>>

const STOPPED_CLOCK: Clock = {
  now: () => NOW,
  after: () => () => undefined,
  sleep: () => Promise.resolve(),
}

/** A house with two keys and nothing in it. */
export const houseOf = (error: (message: string) => void = () => undefined): House => ({
  clock: STOPPED_CLOCK,
  ids: { uuid: () => 'request-1', hex: () => '', random: () => 0 },
  scheme: 'http',
  log: { info: () => undefined, warn: () => undefined, error },
  credential: (id) => [KEY, SESSION].find((key) => key.accessKeyId === id),
  operation: () => undefined,
  authorize: () => ({ allowed: true }),
})

/** `operations` by `service:Operation`; what they return is the answer, what they throw the fault. */
export function deskOf(
  operations: Operations = {},
  limits: Partial<GatewayLimits> = {},
  allowed = true,
): Desk {
  const [heard, found, logged]: [object[], Finding[], string[]] = [[], [], []]
  const gateway = new Gateway(
    {
      ...houseOf((message) => void logged.push(message)),
      operation: (service, operation) => {
        const run = operations[`${service}:${operation}`]
        return run && built(run, heard)
      },
      authorize: () =>
        allowed
          ? { allowed }
          : {
              allowed,
              message: 'User: arn:aws:iam::111122223333:root is not authorized to perform: ecs:X',
            },
      found: (finding) => void found.push(finding),
    },
    limits,
  )
  return { gateway, heard, found, logged }
}

function built(run: (input: never) => object, heard: object[]): Built {
  return {
    access: () => [{ action: '', resources: [], conditions: {} }],
    settled: () => Promise.resolve(),
    // A throw inside becomes the promise's rejection, as an operation's does.
    run: async (input) => {
      heard.push(input)
      return run(input as never)
    },
  }
}

export type Sent = {
  readonly service: string
  readonly method?: string
  readonly path?: string
  readonly query?: Record<string, string | string[]>
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  readonly region?: string
  readonly key?: typeof KEY | typeof SESSION
  readonly at?: number
}
export type Signed = {
  method: string
  target: string
  headers: [string, string][]
  body: Uint8Array
}

/** The request as AWS's own signer for JavaScript signs it. */
export async function sign(sent: Sent): Promise<Signed> {
  const { service, method = 'POST', path = '/', query = {}, region = 'us-east-1', key = KEY } = sent
  const signer = new SignatureV4({
    service,
    region,
    credentials: key,
    sha256: Sha256 as never,
    uriEscapePath: service !== 's3',
  })
  const body =
    typeof sent.body === 'string' ? Buffer.from(sent.body) : (sent.body ?? new Uint8Array())
  const request = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: 'localhost',
      path,
      query,
      headers: { host: 'localhost', ...sent.headers },
      body,
    },
    { signingDate: new Date(sent.at ?? NOW) },
  )
  return { method, target: path + queryText(query), headers: Object.entries(request.headers), body }
}

function queryText(query: Record<string, string | string[]>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((each) => `${encode(name)}=${encode(each)}`),
  )
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign_) => `%${sign_.codePointAt(0)!.toString(16).toUpperCase()}`,
  )

export const asJson = (
  operation: string,
  input: unknown,
  target = 'AmazonEC2ContainerServiceV20141113',
): Sent => ({
  service: 'ecs',
  headers: {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${target}.${operation}`,
  },
  body: typeof input === 'string' ? input : JSON.stringify(input),
})

export async function ask(desk: Desk, sent: Sent): Promise<Answer & { text: string }> {
  const answer = await desk.gateway.answer(await sign(sent))
  return { ...answer, text: Buffer.from(answer.body).toString() }
}

/** Node's own digest in the shape that the signer wants. */
class Sha256 {
  readonly #hash
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
}

type Aws4Request = { path: string; headers: Record<string, string | number> }
/** A second signer, by other hands; it comes without types. */
const require = createRequire(import.meta.url)
export const aws4 = require('aws4') as {
  sign(request: object, credentials: { accessKeyId: string; secretAccessKey: string }): Aws4Request
}
