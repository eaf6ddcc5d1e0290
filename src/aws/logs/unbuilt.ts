/** What CloudWatch Logs refuses until another room can act on it. */
import type { Fault } from '#kernel/fault.ts'
import { NEVER, type Unbuilt } from '#room/unbuilt.ts'

import { invalidParameter } from './names.ts'

export const UNBUILT = {
  accountIdentifiers: NEVER,
  dataSources: NEVER,
  fieldIndexNames: NEVER,
  includeLinkedAccounts: NEVER,
  kmsKeyId: 'kms',
  'logGroupClass=DELIVERY': NEVER,
  'logGroupClass=ESSENTIALS': NEVER,
  'logGroupClass=INFREQUENT_ACCESS': NEVER,
  logGroupTags: NEVER,
} as const satisfies Unbuilt

/** `words` say what is not there, such as `Encryption is`. */
export const unavailable = (words: string, name: keyof typeof UNBUILT): Fault =>
  invalidParameter(`${words} not available in this release of Berth: ${name}.`)
