/** `berth env`: shell lines for eval. */
import { readKeys } from './account.ts'
import { quoted } from './called.ts'
import { dataDirectory } from './paths.ts'
import { readStatus } from './status.ts'
import { trust } from './trust.ts'

export async function env(options: {
  readonly data?: string
  readonly region?: string
  readonly ca?: string
}): Promise<void> {
  const data = dataDirectory(options.data)
  const { endpoint, settings } = await readStatus(data)
  const { accessKeyId, secretAccessKey } = await readKeys(data)
  const region = options.region ?? String(settings['region'])
  const authorities = trust(endpoint, options.ca, settings)
  const bundle = authorities ? `\nexport AWS_CA_BUNDLE=${quoted(authorities)}` : ''
  console.log(`export AWS_ENDPOINT_URL=${quoted(endpoint)}
export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)}
export AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)}
export AWS_DEFAULT_REGION=${quoted(region)} AWS_REGION=${quoted(region)}${bundle}
unset AWS_SESSION_TOKEN AWS_PROFILE
# Older CLIs do not know AWS_ENDPOINT_URL and would call Amazon: the option is understood by all.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }`)
}
