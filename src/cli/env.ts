/** `berth env`: shell lines for eval. */
import { readFileSync } from 'node:fs'

import { dataPaths } from '#server/data.ts'
import type { Keys } from '#server/keys.ts'

import { dataDirectory } from './paths.ts'
import { readStatus } from './status.ts'

export async function env(options: {
  readonly data?: string
  readonly region: string
}): Promise<void> {
  const data = dataDirectory(options.data)
  const { endpoint } = await readStatus(data)
  const { accessKeyId, secretAccessKey } = rootKeys(data)
  console.log(`export AWS_ENDPOINT_URL=${endpoint}
export AWS_ACCESS_KEY_ID=${accessKeyId}
export AWS_SECRET_ACCESS_KEY=${secretAccessKey}
export AWS_DEFAULT_REGION=${options.region} AWS_REGION=${options.region}
unset AWS_SESSION_TOKEN AWS_PROFILE
# Older CLIs do not know AWS_ENDPOINT_URL and would call Amazon: the option is understood by all.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }`)
}

export const rootKeys = (data: string): Keys =>
  JSON.parse(readFileSync(dataPaths(data).rootKeys, 'utf8')) as Keys
