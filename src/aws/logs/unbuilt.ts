/** What CloudWatch Logs refuses until another room can act on it. */
import type { Fault } from '#kernel/fault.ts'
import { NO_ROOM, type Unbuilt } from '#room/unbuilt.ts'

import { invalidParameter } from './names.ts'

export const UNBUILT = {
  accountIdentifiers: NO_ROOM,
  dataSources: NO_ROOM,
  fieldIndexNames: NO_ROOM,
  includeLinkedAccounts: NO_ROOM,
  kmsKeyId: 'kms',
  'logGroupClass=DELIVERY': NO_ROOM,
  'logGroupClass=ESSENTIALS': NO_ROOM,
  'logGroupClass=INFREQUENT_ACCESS': NO_ROOM,
  logGroupTags: NO_ROOM,
} as const satisfies Unbuilt

/** `words` say what is not there, such as `Encryption is`. */
export const unavailable = (words: string, name: keyof typeof UNBUILT): Fault =>
  invalidParameter(`${words} not available in this release of Berth: ${name}.`)
