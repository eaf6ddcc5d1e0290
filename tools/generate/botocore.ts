/** AWS's botocore models: limits, the errors of each operation and which operations go unsigned. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import type { ServiceFacts } from '#gateway/model.ts'

import { openZip, type Zip } from './zip.ts'

type Ref = { readonly shape: string }
export type BotocoreShape = {
  readonly type: string
  readonly enum?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly members?: Readonly<Record<string, Ref>>
  readonly member?: Ref
  readonly key?: Ref
  readonly value?: Ref
}
export type BotocoreOperation = {
  readonly input?: Ref
  readonly output?: Ref
  readonly errors?: readonly Ref[]
  readonly authtype?: string
}
export type Botocore = {
  readonly metadata: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, BotocoreOperation>>
  readonly shapes: Readonly<Record<string, BotocoreShape>>
}

const require = createRequire(import.meta.url)
let zip: Zip | undefined

/** The model of a service, out of the AWS CLI's own copy; the hand-written facts must agree with its metadata. */
export function readBotocore(facts: ServiceFacts): Botocore {
  zip ??= openZip(
    join(dirname(require.resolve('@aws-cdk/asset-awscli-v1/package.json')), 'lib/layer.zip'),
  )
  const path = `awscli/awscli/botocore/data/${facts.service}/${facts.version}/service-2.json`
  const model = JSON.parse(zip.read(path).toString('utf8')) as Botocore
  const said = model.metadata
  agree(facts, 'signingName', said['signingName'] ?? said['endpointPrefix'])
  if (said['targetPrefix']) agree(facts, 'target', said['targetPrefix'])
  if (said['xmlNamespace']) agree(facts, 'xmlns', `${said['xmlNamespace'].replace(/\/$/, '')}/`)
  return model
}

function agree(
  facts: ServiceFacts,
  fact: 'signingName' | 'target' | 'xmlns',
  said: string | undefined,
): void {
  if (facts[fact] !== said)
    throw new Error(
      `facts.ts says ${facts.service} has ${fact} ${facts[fact]}; botocore says ${said}`,
    )
}
