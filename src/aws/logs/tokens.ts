/** Tokens that say where a page of events ended. */
import type { Place } from '#files/storage.ts'

import { invalidParameter } from './names.ts'

const TIME_DIGITS = 20
const STREAM_DIGITS = 20
const SEQUENCE_DIGITS = 16
const OF_STREAM = /^([fb])\/(\d{20})(\d{20})(\d{16})\/s$/

export type StreamToken = Place & { readonly direction: 'f' | 'b' }

/** GetLogEvents' tokens look as AWS's do, since some clients look at their first letter; their stream is in the digits. */
export function writeStreamToken({
  direction,
  timestamp,
  streamId,
  sequence,
}: StreamToken): string {
  return `${direction}/${padded(timestamp, TIME_DIGITS)}${streamDigits(streamId)}${padded(sequence + 1, SEQUENCE_DIGITS)}/s`
}

/** Refuses the token of another stream as one that is none. */
export function readStreamToken(streamId: string, token: string): StreamToken {
  const [, direction, time, stream, sequence] = OF_STREAM.exec(token) ?? []
  const read = { timestamp: Number(time), streamId, sequence: Number(sequence) - 1 }
  if (
    !(direction === 'f' || direction === 'b') ||
    stream !== streamDigits(streamId) ||
    !Number.isSafeInteger(read.timestamp) ||
    !Number.isSafeInteger(read.sequence)
  )
    throw invalidParameter('The specified nextToken is invalid.')
  return { direction, ...read }
}

const padded = (count: number | bigint, digits: number): string =>
  String(count).padStart(digits, '0')
const streamDigits = (streamId: string): string => padded(BigInt(`0x${streamId}`), STREAM_DIGITS)

/** FilterLogEvents' tokens are good for the question that they answered only. */
export const writeGroupToken = (question: string, place: Place): string =>
  Buffer.from(JSON.stringify([question, place.timestamp, place.streamId, place.sequence])).toString(
    'base64url',
  )

export function readGroupToken(question: string, token: string): Place {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(parts) && parts[0] === question) {
      const [, timestamp, streamId, sequence] = parts as unknown[]
      if (
        typeof timestamp === 'number' &&
        typeof streamId === 'string' &&
        typeof sequence === 'number'
      )
        return { timestamp, streamId, sequence }
    }
  } catch (error) {
    // Not a token of ours: the same answer as to one of another question.
    if (!(error instanceof SyntaxError)) throw error
  }
  throw invalidParameter('The specified nextToken is invalid.')
}

/** 56 digits that no other event of any group has. */
export function eventId({ timestamp, streamId, sequence }: Place): string {
  return `${padded(timestamp, TIME_DIGITS)}${streamDigits(streamId)}${padded(sequence, SEQUENCE_DIGITS)}`
}
