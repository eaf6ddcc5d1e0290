/** The services of the contract, by the names that requests know them by. */
import { readFileSync } from 'node:fs'

import type { ServiceFacts } from './model.ts'

export const SERVICES = JSON.parse(
  readFileSync(new URL('../contract/services.json', import.meta.url), 'utf8'),
) as readonly ServiceFacts[]

export const byTarget: ReadonlyMap<string, ServiceFacts> = new Map(
  SERVICES.map((facts) => [facts.target, facts]),
)
const bySigningName: ReadonlyMap<string, readonly ServiceFacts[]> = new Map(
  Object.entries(Object.groupBy(SERVICES, (facts) => facts.signingName)).map(
    ([name, facts = []]) => [name, facts],
  ),
)

/** The facts of the service that the AWS CLI calls so. */
export const factsNamed = (service: string): ServiceFacts | undefined =>
  SERVICES.find((facts) => facts.service === service)

/** Whether what is signed so is for objects in buckets. */
export const isOfObjects = (signingName: string): boolean =>
  candidates(signingName).some(({ objects }) => objects)

/** The services whose requests may be signed so; all of them for a request that is not signed. */
export function candidates(signingName: string | undefined): readonly ServiceFacts[] {
  return signingName === undefined ? SERVICES : (bySigningName.get(signingName) ?? [])
}
