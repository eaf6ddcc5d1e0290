/** `arn:partition:service:region:account:resource`, the parts that AWS's own names have. */
export type Arn = {
  readonly service: string
  readonly region: string
  readonly account: string
  /** All after the fifth colon, further colons and slashes included. */
  readonly resource: string
}

/** The only partition there is here: a name in another one is no name of ours. */
const PARTITION = 'aws'

/**
 * The parts of an ARN of `service`, or `undefined` when the text is none. Who reads an ARN says whose it must be: one of
 * another service or partition may have the same region, account and resource.
 */
export function parseArn(text: string, service: string): Arn | undefined {
  const [arn, partition, named, region, account, ...resource] = text.split(':')
  if (arn !== 'arn' || partition !== PARTITION || named !== service) return undefined
  if (region === undefined || account === undefined) return undefined
  if (resource.length === 0 || resource[0] === '') return undefined
  return { service, region, account, resource: resource.join(':') }
}

/** The ARN's text. */
export function formatArn(arn: Arn): string {
  return `arn:${PARTITION}:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`
}
