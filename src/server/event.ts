/** A notice as Amazon EventBridge delivers it to a rule's targets. */
import type { Notice } from '#store/notices.ts'

/** Of AWS's names; dates in `detail` are ISO strings once it is JSON. */
export type AwsEvent = {
  readonly version: '0'
  readonly id: string
  readonly 'detail-type': string
  readonly source: string
  readonly account: string
  /** ISO, to the second. */
  readonly time: string
  readonly region: string
  readonly resources: readonly string[]
  readonly detail: object
}

export const asEvent = (notice: Notice): AwsEvent => ({
  version: '0',
  id: notice.id,
  'detail-type': notice.detailType,
  source: notice.source,
  account: notice.accountId,
  time: new Date(notice.time).toISOString().replace(/\.\d+Z$/, 'Z'),
  region: notice.region,
  resources: notice.resources,
  detail: notice.detail,
})
