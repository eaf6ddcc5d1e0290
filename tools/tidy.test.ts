import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { FLOORS, ROOMS, tidy, unused } from './tidy.ts'

/** A rule, a line that breaks it in a file, and what is said. */
const broken: readonly (readonly [string, string, RegExp])[] = [
  ['src/gateway/a.ts', 'const now = Date.now()', /Date\.now\( is not said here; use the Clock/],
  ['src/gateway/a.ts', 'const now = new Date()', /use the Clock/],
  ['src/aws/ecs/a.ts', 'setTimeout(act, 5)', /use the Clock/],
  ['src/store/a.ts', 'setInterval(act, 5)', /use the Clock/],
  ['src/agent/a.ts', 'performance.now()', /use the Clock/],
  ['src/aws/ecs/a.ts', 'Math.random()', /use the Ids/],
  ['src/server/a.ts', 'randomUUID()', /use the Ids/],
  ['src/server/a.ts', 'randomBytes(8)', /use the Ids/],
  ['src/server/a.ts', "console.log('x')", /console\. is not said here; use the Log/],
  ['src/server/a.ts', 'process.env.HOME', /use the Config/],
  ['src/aws/ecs/a.ts', "throw new Fault('NoSuchException', '')", /use a code of the model/],
  ['src/aws/ecs/a.ts', "import { join } from 'node:path'", /use a port/],
  ['src/cli/a.ts', ['// TO', 'DO: later'].join(''), /finish it/],
  ['src/cli/a.ts', ['// FIX', 'ME'].join(''), /finish it/],
  ['src/cli/a.ts', "import { a } from './utils.ts'", /the name of a duty/],
  ['src/kernel/a.ts', "import { a } from '#store/store.ts'", /kernel may not know store/],
  ['src/aws/ecs/a.ts', "import { a } from '#aws/iam/iam.ts'", /aws\/ecs may not know aws\/iam/],
  ['src/cli/a.ts', "await import('#aws/ecs/ecs.ts')", /cli may not know aws\/ecs/],
  ['src/cli/a.ts', "import { a } from '../server/a.ts'", /leaves the room; write '#server\/…'/],
  ['src/cli/a.ts', "import { a } from '#cli/b.ts'", /is in this room; write '\.\/…'/],
  ['src/aws/ecs/tasks/a.ts', "import { a } from '../services/b.ts'", /tasks may not know services/],
  [
    'src/aws/ecs/cellar/a.ts',
    "import { a } from '../names/b.ts'",
    /cellar is on no floor of aws\/ecs/,
  ],
  ['src/aws/ecs/a.ts', "const a = table<A>('iam.a')", /named after another room/],
  ['src/aws/ecs/a.ts', "const a = clientTokensOf<A>('iam.a')", /named after another room/],
  ['src/server/a.ts', "if (service === 'ecs') return", /'ecs' is the name of a service/],
  ['src/gateway/a.ts', "const a = 'dynamodb'", /'dynamodb' is the name of a service/],
  ['src/moon/a.ts', 'export {}', /src\/moon is no room of this house/],
]
for (const [path, line, complaint] of broken)
  test(`${path} may not say: ${line}`, () => {
    const complaints = tidy(path, `// one line before\n${line}\n`)
    assert.equal(complaints.length, 1, complaints.join('\n'))
    assert.match(complaints[0]!, complaint)
    if (!line.startsWith('export')) assert.ok(complaints[0]!.startsWith(`${path}:2: `))
  })

const kept: readonly (readonly [string, string])[] = [
  ['src/system/a.ts', 'Date.now()'],
  ['src/cli/a.ts', 'console.log(process.env.HOME)'],
  ['src/gateway/a.ts', 'socket.setTimeout(5)'],
  ['src/store/seal.ts', 'randomBytes(32)'],
  ['src/gateway/a.test.ts', 'Date.now()'],
  ['src/kernel/a.test.ts', "import { a } from '#store/store.ts'"],
  ['src/aws/ecs/tasks/a.ts', "import { a } from '../names.ts'"],
  ['src/server/a.ts', "import { a } from '#aws/ecs/ecs.ts'"],
  ['src/aws/ecs/services/a.ts', "import { a } from '../tasks/b.ts'"],
  ['src/aws/ecs/a.ts', "const a = table<A>('ecs.a')"],
  ['src/server/rooms.ts', "const a = 'ecs'"],
  ['src/gateway/a.ts', "if (protocol === 'ec2') return"],
  ['src/berth.ts', "import { program } from './cli/program.ts'"],
]
for (const [path, line] of kept)
  test(`${path} may say: ${line}`, () => assert.deepEqual(tidy(path, `${line}\n`), []))

test('a file is no longer than 500 lines', () => {
  assert.deepEqual(tidy('src/cli/a.ts', '//\n'.repeat(499)), [])
  assert.match(tidy('src/cli/a.ts', '//\n'.repeat(501)).join(), /longer than 500 lines/)
})

test('the opening comment comes before the imports', () => {
  const [one, two] = ["import { a } from '#kernel/a.ts'", "import { b } from './b.ts'"]
  assert.deepEqual(tidy('src/store/a.ts', `/** On it. */\n${one}\n${two}\n`), [])
  assert.match(
    tidy('src/store/a.ts', `${one}\n/** On it. */\n${two}\n`).join(),
    /a\.ts:2: the opening/,
  )
})

test('an operation asks at least one question', () => {
  const path = 'src/aws/ecs/operations/DoIt.ts'
  const of = (access: string) =>
    tidy(path, `export const DoIt = {\n${access}  run: () => ({}),\n}\n`)
  assert.deepEqual(of('  access: anyResource,\n'), [])
  assert.match(of('').join(), /says what must be allowed/)
  assert.match(of('  access: () => [],\n').join(), /asks at least one question/)
})

test('what only tests use is told', () => {
  const files = new Map([
    ['src/berth.ts', "import { a } from './cli/a.ts'"],
    ['src/cli/a.ts', ''],
    ['src/cli/b.ts', ''],
    ['src/cli/b.test.ts', "import { b } from './b.ts'"],
  ])
  assert.deepEqual(unused(files), ['src/cli/b.ts:1: only tests use this file'])
})

test('the page of the architecture has the floors that are held', () => {
  const page = readFileSync('ARCHITECTURE.md', 'utf8')
  for (const [room, known] of Object.entries(ROOMS)) {
    const row = page
      .split('\n')
      .find((line) => line.startsWith(`| \`${room}\` `) && !line.includes(' < '))
    const said = row?.split('|').at(-2)?.trim() ?? ''
    const rooms = said === 'nothing' ? [] : said.split(', ')
    assert.deepEqual(rooms.toSorted(), known.toSorted(), room)
  }
  for (const [room, floors] of Object.entries(FLOORS)) {
    const row = `| \`${room}\` | ${floors.map((floor) => floor.join(' ')).join(' < ')} |`
    assert.ok(page.includes(`${row}\n`), `ARCHITECTURE.md should say: ${row}`)
  }
})
