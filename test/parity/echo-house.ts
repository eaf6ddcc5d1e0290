/** A house for round trips: every operation is built, notes what it was given, and answers with random values. */
import { createHash } from 'node:crypto'

import { type House, Gateway } from '#gateway/gateway.ts'
import {
  modelOf,
  type Member,
  type Model,
  type OperationModel,
  type Shape,
} from '#gateway/model.ts'

import type { RandomValues } from './random-values.ts'

export const ACCESS_KEY_ID = 'AKIDROUNDTRIP'
export const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
export type Echo = { service: string; operation: string; input: object; output: object }

export class EchoHouse {
  /** What the last request was and what it was answered with. */
  last: Echo | undefined
  readonly errors: string[] = []
  readonly gateway: Gateway
  readonly #values: RandomValues

  constructor(values: RandomValues) {
    this.#values = values
    this.gateway = new Gateway(this.#house())
  }

  #house(): House {
    return {
      clock: {
        now: () => Date.now(),
        after: () => () => undefined,
        sleep: () => Promise.resolve(),
      },
      ids: { uuid: () => '00000000-0000-4000-8000-000000000000', hex: () => '', random: () => 0 },
      scheme: 'http',
      log: {
        info: () => undefined,
        warn: () => undefined,
        error: (message, fields) =>
          void this.errors.push(`${message} ${String(fields?.['error'])}`),
      },
      credential: (accessKeyId) =>
        accessKeyId === ACCESS_KEY_ID
          ? {
              secretAccessKey: SECRET_ACCESS_KEY,
              principal: { type: 'root', accountId: '111122223333' },
              tenant: '111122223333',
            }
          : undefined,
      operation: (service, operation) => ({
        access: () => [{ action: `${service}:${operation}`, resources: ['*'], conditions: {} }],
        run: (input) =>
          Promise.resolve(this.#run(service, modelOf(service).operations.get(operation)!, input)),
        settled: () => Promise.resolve(),
      }),
      authorize: () => ({ allowed: true }),
      anonymous: {
        principal: { type: 'root', accountId: '111122223333' },
        tenant: '111122223333',
        region: 'us-east-1',
      },
    }
  }

  #run(service: string, operation: OperationModel, input: object): object {
    const output = this.#values.output(operation)
    if (service === 'sqs') signMessages(input, output)
    this.last = { service, operation: operation.name, input, output }
    return output
  }
}

type Message = {
  MessageBody?: string
  MD5OfMessageBody?: string
  Messages?: {
    Body?: string
    MD5OfBody?: string
    MessageAttributes?: unknown
    MD5OfMessageAttributes?: string
  }[]
  Entries?: { Id: string; MessageBody: string }[]
  Successful?: { Id: string; MD5OfMessageBody?: string }[]
}

/** SQS's clients check the digests of bodies, so that random ones would be refused. */
function signMessages(input: Message, output: Message): void {
  const md5 = (text: string | undefined) =>
    createHash('md5')
      .update(text ?? '')
      .digest('hex')
  if (output.MD5OfMessageBody !== undefined) output.MD5OfMessageBody = md5(input.MessageBody)
  for (const message of output.Messages ?? [])
    if (message.MD5OfBody !== undefined) message.MD5OfBody = md5(message.Body)
  for (const [index, sent] of (output.Successful ?? []).entries()) {
    const entry = input.Entries?.[index]
    if (entry?.MessageBody === undefined) continue
    sent.Id = entry.Id
    sent.MD5OfMessageBody = md5(entry.MessageBody)
  }
}

const freed = new WeakSet<Shape>()

/**
 * The model with its limits taken away, enums left: texts that break encoders seldom match AWS's patterns. Limits have
 * tests of their own; these are of the wire.
 */
export function withoutLimits(model: Model): Model {
  for (const operation of model.operations.values()) {
    free(operation.input)
    free(operation.output)
  }
  return model
}

function free(shape: Shape): void {
  if (freed.has(shape)) return
  freed.add(shape)
  for (const member of [...shape.members, shape.item, shape.key]) {
    if (!member) continue
    const { limits } = member
    if (limits)
      (member as { limits: Member['limits'] }).limits = limits.enum && { enum: limits.enum }
    free(member.shape)
  }
}
