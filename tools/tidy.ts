/** The rules of the house that no other tool knows. Run by `npm run check`, and by its own test. */
import { globSync, readFileSync } from 'node:fs'

import { SOURCES } from './generate/facts.ts'

/** Each room, and the rooms it may import. A room stands only on rooms named above it: so there are no circles. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  contract: [],
  store: ['kernel'],
  files: ['kernel'],
  wire: ['kernel'],
  system: ['kernel'],
  reconcile: ['kernel', 'store'],
  room: ['kernel', 'contract', 'store', 'files', 'reconcile'],
  gateway: ['kernel', 'contract'],
  agent: ['kernel', 'wire', 'system'],
  'aws/*': ['kernel', 'contract', 'store', 'files', 'wire', 'reconcile', 'room'],
  server: [
    'kernel',
    'system',
    'contract',
    'store',
    'files',
    'wire',
    'reconcile',
    'room',
    'gateway',
    'aws/*',
  ],
  sim: ['kernel', 'store', 'files', 'wire', 'reconcile', 'room', 'agent', 'server', 'aws/*'],
  cli: ['kernel', 'system', 'store', 'gateway', 'agent', 'server'],
}

/**
 * The inner floors of the large rooms, lowest first: what is on one floor (a folder, or a file beside the door) stands only
 * on lower ones, and neighbours do not know each other.
 */
export const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'aws/ecs': [
    ['records', 'limits', 'policy', 'rates', 'meant', 'unbuilt'],
    ['names'],
    ['query', 'tags', 'settings', 'pages'],
    ['definitions'],
    ['access', 'scheduler'],
    ['tasks'],
    ['instances'],
    ['agents', 'services'],
    ['views'],
    ['history', 'taggable', 'burial'],
    ['explain'],
    ['reconcilers', 'operations', 'operator'],
    ['start'],
    ['ecs'],
  ],
  agent: [
    ['backoff', 'clock-error', 'connection-error', 'engine', 'sign', 'slots'],
    ['host', 'docker', 'outside'],
    ['settings'],
    ['config'],
    ['registration', 'tasks'],
    ['state'],
    ['part'],
    ['topics'],
    ['control-plane', 'socket'],
    ['extension', 'signed-calls', 'poll-endpoint', 'reporter'],
    ['acs'],
    ['telemetry', 'metadata', 'logs'],
    ['options', 'orders'],
    ['session'],
    ['agent'],
    ['main'],
  ],
}

/** Who may name AWS's services: the gateway, the composition and the room's door know none but by what they are given. */
const NAMELESS = ['src/gateway/', 'src/room/', 'src/server/']
const NAMES_HERE = ['src/server/rooms.ts', 'src/server/data.ts']
/** `ec2` is a protocol too. */
const SERVICE_NAME = new RegExp(
  `'(?:${SOURCES.map(({ facts }) => facts.service)
    .filter((service) => service !== 'ec2' && service !== 'events')
    .join('|')})'`,
)

type Ban = {
  readonly text: RegExp
  readonly except: readonly string[]
  readonly instead: string
}
/** What only some rooms or files may say, and what the others say instead. */
const BANNED: readonly Ban[] = [
  {
    text: /\bDate\.now\(|\bnew Date\(\)|(?<!\.)\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/,
    except: ['src/system/', 'src/cli/'],
    instead: 'the Clock',
  },
  {
    text: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    except: ['src/system/', 'src/store/seal.ts', 'src/server/data.ts', 'src/server/seal-key.ts'],
    instead: 'the Ids',
  },
  {
    text: /\bnew Fault\(/,
    except: ['src/gateway/', 'src/room/', 'src/server/', 'src/store/'],
    instead: 'a code of the model (room/faults.ts)',
  },
  { text: /\bconsole\./, except: ['src/cli/'], instead: 'the Log' },
  {
    text: /\bprocess\.env\b/,
    except: ['src/cli/', 'src/agent/config.ts'],
    instead: 'the Config',
  },
  {
    text: /from 'node:/,
    except: [
      'src/sim/',
      'src/system/',
      'src/gateway/',
      'src/agent/',
      'src/server/',
      'src/cli/',
      'src/store/',
      'src/files/',
    ],
    instead: 'a port',
  },
  { text: /\bFIXME\b|\bTODO\b|\bdebugger\b/, except: [], instead: 'nothing: finish it' },
  { text: /\/(utils|helpers|common|manager)\.ts'/, except: [], instead: 'the name of a duty' },
]
const FILE_LINES_MAX = 500

/** The complaints about one file, each `path:line: what`. */
export function tidy(path: string, text: string): string[] {
  const complaints: string[] = []
  const say = (line: number, what: string) => complaints.push(`${path}:${line}: ${what}`)
  const room = roomOf(path)
  if (!(room.kind in ROOMS) && room.name !== 'berth.ts')
    say(1, `src/${room.name} is no room of this house`)
  const lines = text.split('\n')
  if (lines.length > FILE_LINES_MAX) say(FILE_LINES_MAX, `longer than ${FILE_LINES_MAX} lines`)
  const isTest = /\.(test|suite|fixture)\.ts$/.test(path)
  if (!isTest) {
    const late = lateComment(lines)
    if (late !== undefined) say(late + 1, 'the opening comment comes before the imports')
    if (isOperation(path) && !/\n  access[:(]/.test(text))
      say(1, 'an operation says what must be allowed: `access`')
    if (/\n  access: \([^)]*\) => \[\],/.test(text))
      say(1, 'an operation asks at least one question')
  }
  lines.forEach((line, index) => {
    for (const complaint of imports(path, line, isTest)) say(index + 1, complaint)
    if (isTest) return
    for (const complaint of names(path, line)) say(index + 1, complaint)
    for (const { text: banned, except, instead } of BANNED)
      if (banned.test(line) && !except.some((prefix) => path.startsWith(prefix)))
        say(index + 1, `${banned.exec(line)?.[0]} is not said here; use ${instead}`)
  })
  return complaints
}

/** Where a comment on the file stands between its imports. */
function lateComment(lines: readonly string[]): number | undefined {
  const isImport = (line: string): boolean => /^import\b/.test(line)
  const first = lines.findIndex(isImport)
  const last = lines.findLastIndex(isImport)
  const at = lines.findIndex((line, index) => index > first && line.startsWith('/**'))
  return first >= 0 && at > first && at < last ? at : undefined
}

const isOperation = (path: string): boolean =>
  /^src\/aws\/[^/]+\/operations\/[A-Z]\w+\.ts$/.test(path)

function names(path: string, line: string): string[] {
  const complaints: string[] = []
  const [, , room = ''] = path.split('/')
  const [, table] = /\b(?:table|clientTokensOf)<[^(]*>\(\s*'([^']+)'/.exec(line) ?? []
  if (table !== undefined && path.startsWith('src/aws/') && !table.startsWith(`${room}.`))
    complaints.push(`the table '${table}' is named after another room; write '${room}.…'`)
  const isNameless =
    NAMELESS.some((prefix) => path.startsWith(prefix)) && !NAMES_HERE.includes(path)
  if (isNameless && SERVICE_NAME.test(line))
    complaints.push(
      `${SERVICE_NAME.exec(line)?.[0]} is the name of a service; ask the facts or the doors`,
    )
  return complaints
}

function imports(path: string, line: string, isTest: boolean): string[] {
  const complaints: string[] = []
  const room = roomOf(path)
  for (const [, specifier = ''] of line.matchAll(/(?:\bfrom |\bimport\()'([#.][^']+)'/g)) {
    const target = specifier.startsWith('#')
      ? roomOf(`src/${specifier.slice(1)}`)
      : roomOf(new URL(specifier, `file:///${path}`).pathname.slice(1))
    if (specifier.startsWith('.') && target.name !== room.name && room.name !== 'berth.ts')
      complaints.push(`'${specifier}' leaves the room; write '#${target.name}/…'`)
    if (specifier.startsWith('#') && target.name === room.name)
      complaints.push(`'${specifier}' is in this room; write './…'`)
    const known = ROOMS[room.kind]?.includes(target.kind) ?? room.name === 'berth.ts'
    if (target.name !== room.name && !known && !isTest)
      complaints.push(`${room.name} may not know ${target.name}`)
    if (target.name === room.name && !isTest)
      complaints.push(
        ...stairs(room.name, path, new URL(specifier, `file:///${path}`).pathname.slice(1)),
      )
  }
  return complaints
}

/** What is wrong with one part of a room knowing another. */
function stairs(room: string, path: string, target: string): string[] {
  const floors = FLOORS[room]
  const [from, to] = [partOf(room, path), partOf(room, target)]
  if (!floors || from === to) return []
  const [own, other] = [from, to].map((part) => floors.findIndex((floor) => floor.includes(part)))
  if (own === -1) return [`${from} is on no floor of ${room}`]
  return own! > other! && other !== -1 ? [] : [`${room}: ${from} may not know ${to}`]
}

/** The folder of the room that a file is in, or the file where it is beside the door. */
const partOf = (room: string, path: string): string =>
  (path.slice(`src/${room}/`.length).split('/')[0] ?? '').replace(/\.ts$/, '')

function roomOf(path: string): { name: string; kind: string } {
  const [, first = '', second = ''] = path.split('/')
  return first === 'aws' ? { name: `aws/${second}`, kind: 'aws/*' } : { name: first, kind: first }
}

/** Files of the product that nothing but tests import. */
export function unused(files: ReadonlyMap<string, string>): string[] {
  const imported = new Set<string>()
  for (const [path, text] of files) {
    if (isOfTests(path)) continue
    for (const [, specifier = ''] of text.matchAll(/'([#.][^']+\.ts)'/g))
      imported.add(
        specifier.startsWith('#')
          ? `src/${specifier.slice(1)}`
          : new URL(specifier, `file:///${path}`).pathname.slice(1),
      )
  }
  return [...files.keys()]
    .filter((path) => path.startsWith('src/') && !path.startsWith('src/contract/'))
    .filter((path) => !isOfTests(path) && !imported.has(path) && !ENTRIES.includes(path))
    .map((path) => `${path}:1: only tests use this file`)
}
/** Started or loaded by a name; and what waits for traffic that can be shifted, proven already. */
const ENTRIES = [
  'src/files/segments/writing-worker.ts',
  'src/berth.ts',
  'src/wire/wire.ts',
  'src/aws/ecs/services/shifting.ts',
]
const isOfTests = (path: string): boolean => /\.(test|suite|fixture)\.ts$/.test(path)

if (import.meta.main) {
  const read = (pattern: string): [string, string][] =>
    globSync(pattern)
      .sort()
      .map((path) => [path, readFileSync(path, 'utf8')])
  const own = read('src/**/*.ts').filter(([path]) => !path.startsWith('src/contract/'))
  const all = new Map([...own, ...read('{tools,bench,test}/**/*.ts')])
  const complaints = [...own.flatMap(([path, text]) => tidy(path, text)), ...unused(all)]
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
