/** Where the simulated world is: one account in one region, with one cluster. */
export const ACCOUNT = '111122223333'
export const REGION = 'us-east-1'
export const CLUSTER = 'default'
export const ENDPOINT = 'http://berth.sim'
/** The clock's first moment. */
export const BEGIN = Date.UTC(2030, 0, 1)

/** The record key that ends as the ARN's resource does: tasks, container instances. */
export function keyOf(arn: string): string {
  const resource = arn.split(':').at(-1) ?? ''
  return `${ACCOUNT}/${REGION}/${resource.slice(resource.indexOf('/') + 1)}`
}
