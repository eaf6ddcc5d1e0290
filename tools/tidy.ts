/** The rules of the house that no other tool knows. Run by `npm run check`, and by its own test. */
import { globSync, readFileSync } from 'node:fs'

/** Each room, and the rooms it may import. A room stands only on rooms named above it: so there are no circles. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  contract: [],
  store: ['kernel'],
  wire: ['kernel'],
  system: ['kernel'],
  reconcile: ['kernel', 'store'],
  room: ['kernel', 'contract', 'store', 'reconcile'],
  gateway: ['kernel', 'contract'],
  agent: ['kernel', 'wire', 'system'],
  'aws/*': ['kernel', 'contract', 'store', 'wire', 'reconcile', 'room'],
  server: [
    'kernel',
    'system',
    'contract',
    'store',
    'wire',
    'reconcile',
    'room',
    'gateway',
    'aws/*',
  ],
  sim: ['kernel', 'store', 'wire', 'reconcile', 'room', 'agent', 'server', 'aws/*'],
  cli: ['kernel', 'system', 'store', 'gateway', 'agent', 'server'],
}

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
      'src/aws/logs/segments/',
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
  lines.forEach((line, index) => {
    for (const complaint of imports(path, line, isTest)) say(index + 1, complaint)
    if (isTest) return
    for (const { text: banned, except, instead } of BANNED)
      if (banned.test(line) && !except.some((prefix) => path.startsWith(prefix)))
        say(index + 1, `${banned.exec(line)?.[0]} is not said here; use ${instead}`)
  })
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
  }
  return complaints
}

function roomOf(path: string): { name: string; kind: string } {
  const [, first = '', second = ''] = path.split('/')
  return first === 'aws' ? { name: `aws/${second}`, kind: 'aws/*' } : { name: first, kind: first }
}

if (import.meta.main) {
  const complaints = globSync('src/**/*.ts', { exclude: ['src/contract/**'] })
    .sort()
    .flatMap((path) => tidy(path, readFileSync(path, 'utf8')))
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
