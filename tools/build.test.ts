import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rewriteImports } from './build.ts'

const rewritten: readonly (readonly [string, string, string, string])[] = [
  [
    'a room from the top',
    'berth.ts',
    "import { a } from '#cli/a.ts'",
    "import { a } from './cli/a.js'",
  ],
  [
    'another room',
    'cli/up.ts',
    "import { a } from '#server/a.ts'",
    "import { a } from '../server/a.js'",
  ],
  ['a deep room', 'aws/ecs/tasks/a.ts', "} from '#kernel/a.ts'", "} from '../../../kernel/a.js'"],
  ['the same folder', 'cli/up.ts', "import { a } from './a.ts'", "import { a } from './a.js'"],
  ['the folder above', 'aws/ecs/tasks/a.ts', "export * from '../b.ts'", "export * from '../b.js'"],
  ['a late import', 'cli/program.ts', "await import('./up.ts')", "await import('./up.js')"],
  ['an import for its effect', 'cli/up.ts', "import './a.ts'", "import './a.js'"],
]
for (const [what, path, before, after] of rewritten)
  test(`${what} becomes a relative path of JavaScript`, () =>
    assert.equal(rewriteImports(path, before), after))

for (const kept of [
  "import { readFileSync } from 'node:fs'",
  "import { Command } from 'commander'",
  "import models from './models.json' with { type: 'json' }",
  "const file = './a.ts'",
])
  test(`stays as it is: ${kept}`, () => assert.equal(rewriteImports('cli/up.ts', kept), kept))

test('every import of a file is rewritten', () => {
  const code = "import { a } from './a.ts'\nimport { b } from '#kernel/b.ts'\n"
  assert.equal(
    rewriteImports('store/c.ts', code),
    "import { a } from './a.js'\nimport { b } from '../kernel/b.js'\n",
  )
})
