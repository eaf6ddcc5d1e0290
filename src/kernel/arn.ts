/** `arn:partition:service:region:account:resource`, the parts that AWS's own names have. */
export type Arn = {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  /** All after the fifth colon, further colons and slashes included. */
  readonly resource: string
}

/** The parts of an ARN, or `undefined` when the text is none. */
export function parseArn(text: string): Arn | undefined {
  const [arn, partition, service, region, account, ...resource] = text.split(':')
  if (arn !== 'arn' || !partition || !service || region === undefined || account === undefined)
    return undefined
  if (resource.length === 0 || resource[0] === '') return undefined
  return { partition, service, region, account, resource: resource.join(':') }
}

/** The ARN's text. */
export function formatArn(arn: Omit<Arn, 'partition'>): string {
  return `arn:aws:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`
}
