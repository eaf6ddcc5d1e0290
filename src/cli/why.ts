/** `berth why`: what something waits for, and every host with what it lacks. */
import { ask } from './admin-client.ts'
import { dataDirectory } from './paths.ts'

type Options = {
  readonly data?: string
  readonly cluster: string
  readonly region: string
  readonly account?: string
  readonly json: boolean
}
type Why = {
  readonly subject: string
  readonly says: readonly string[]
  readonly hosts?: readonly {
    readonly containerInstanceArn: string
    readonly fits: boolean
    readonly predicates: readonly {
      readonly predicate: string
      readonly holds: boolean
      readonly needs: string
      readonly has: string
    }[]
  }[]
}

export async function why(name: string, options: Options): Promise<void> {
  const { cluster, region, account } = options
  const asked = { name, cluster, region, ...(account && { accountId: account }) }
  const answer = await ask<Why>(dataDirectory(options.data), '/why', asked)
  if (options.json) return console.log(JSON.stringify(answer, undefined, 2))
  console.log(answer.subject)
  for (const line of answer.says) console.log(`  ${line}`)
  if (!answer.hosts) return
  console.log(
    answer.hosts.length === 0
      ? '  no container instance has joined the cluster'
      : '  no host takes the next task:',
  )
  for (const host of answer.hosts) {
    console.log(`  ${host.containerInstanceArn}${host.fits ? ' would take it' : ''}`)
    for (const { predicate, holds, needs, has } of host.predicates)
      console.log(`    ${holds ? '✓' : '✗'} ${predicate}: needs ${needs}, has ${has}`)
  }
}
