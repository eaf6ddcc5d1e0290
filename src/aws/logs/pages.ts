/** Pages of lists, in the words of CloudWatch Logs. */
import type { Fault } from '#kernel/fault.ts'
import { pagesOf } from '#room/pages.ts'

import { invalidParameter } from './names.ts'

export const badToken = (): Fault => invalidParameter('The specified nextToken is invalid.')
export const { page, readToken } = pagesOf({ badToken })
