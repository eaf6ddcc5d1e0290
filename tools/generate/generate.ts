/**
 * Makes `src/contract/`: for every AWS service a model file that the gateway reads and a types file that rooms import.
 * Structure comes from the newest SDK, limits and errors from botocore's models. Run by `npm run generate`.
 */
import { mkdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { readBotocore } from './botocore.ts'
import { readDeclarations } from './declarations.ts'
import { SOURCES, type Source } from './facts.ts'
import { makeModel } from './model-file.ts'
import { makeContract, makeTypes } from './types-file.ts'

const require = createRequire(import.meta.url)
const FOLDER = join(import.meta.dirname, '../../src/contract')

/** Writes one service and says how much it was. */
function generate(source: Source): string {
  const folder = dirname(require.resolve(`${source.sdk}/package.json`))
  const warnings: string[] = []
  const model = makeModel({
    source,
    exports: require(source.sdk) as Record<string, unknown>,
    botocore: readBotocore(source.facts),
    declarations: readDeclarations(folder),
    sources: {
      [source.sdk]: versionOf(source.sdk),
      '@aws-cdk/asset-awscli-v1': versionOf('@aws-cdk/asset-awscli-v1'),
    },
    warn: (message) => warnings.push(message),
  })
  const text = JSON.stringify(model)
  writeFileSync(join(FOLDER, 'models', `${model.service}.json`), text)
  writeFileSync(join(FOLDER, `${model.service}.ts`), makeTypes(model))
  const counts = `${Object.keys(model.operations).length} operations, ${model.shapes.length} shapes, ${Math.round(text.length / 1000)} kB`
  return [`${model.service}: ${counts}`, ...warnings.map((warning) => `  ${warning}`)].join('\n')
}

function versionOf(name: string): string {
  return (
    JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }
  ).version
}

if (import.meta.main) {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(join(FOLDER, 'models'), { recursive: true })
  for (const source of SOURCES) console.log(generate(source))
  const facts = SOURCES.map((source) => source.facts)
  writeFileSync(join(FOLDER, 'services.json'), `${JSON.stringify(facts, undefined, 2)}\n`)
  writeFileSync(join(FOLDER, 'contract.ts'), makeContract(facts.map(({ service }) => service)))
  console.log(`${SOURCES.length} services written to src/contract/`)
}
