/** Tokens that say where a page of events ended. */
import { invalidParameter } from './names.ts'
import type { Place } from './storage.ts'

const TIME_DIGITS = 20
const SEQUENCE_DIGITS = 36
const OF_STREAM = /^([fb])\/(\d{20})(\d{36})\/s$/
const ID_SEQUENCE_DIGITS = 16

export type StreamToken = {
  readonly direction: 'f' | 'b'
  readonly timestamp: number
  readonly sequence: number
}

/** GetLogEvents' tokens look as AWS's do, since some clients look at their first letter. */
export function writeStreamToken({ direction, timestamp, sequence }: StreamToken): string {
  const time = String(timestamp).padStart(TIME_DIGITS, '0')
  return `${direction}/${time}${String(sequence + 1).padStart(SEQUENCE_DIGITS, '0')}/s`
}

export function readStreamToken(token: string): StreamToken {
  const [, direction, time, sequence] = OF_STREAM.exec(token) ?? []
  const read = { timestamp: Number(time), sequence: Number(sequence) - 1 }
  if (
    !(direction === 'f' || direction === 'b') ||
    !Number.isSafeInteger(read.timestamp) ||
    !Number.isSafeInteger(read.sequence)
  )
    throw invalidParameter('The specified nextToken is invalid.')
  return { direction, ...read }
}

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
  } catch {
    // Not a token of ours: the same answer as to one of another question.
  }
  throw invalidParameter('The specified nextToken is invalid.')
}

/** 56 digits that no other event of any group has. */
export function eventId({ timestamp, streamId, sequence }: Place): string {
  const stream = BigInt(`0x${streamId}`)
  return `${String(timestamp).padStart(TIME_DIGITS, '0')}${String(stream).padStart(TIME_DIGITS, '0')}${String(sequence).padStart(ID_SEQUENCE_DIGITS, '0')}`
}
