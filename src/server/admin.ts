/**
 * What the operator's command line asks of a running server, over a socket in the data directory that only its owner
 * can open: the rooms' commands, and the server's own state. No AWS API has these words.
 */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http'

import { assert } from '#kernel/assert.ts'
import type { Clock } from '#kernel/clock.ts'
import { type Asked, type Operator, OperatorError } from '#room/operator.ts'
import type { Store } from '#store/store.ts'

import { answerEvents } from './events.ts'

export type AdminOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly operators: readonly Operator[]
  /** What `status` says of the server itself. */
  readonly about: Readonly<Record<string, unknown>>
}

const BODY_MAX = 64 << 10
type Commands = Operator['commands']

/** Listens on `path`; the folder's mode keeps others out. */
export async function serveAdmin(path: string, options: AdminOptions): Promise<HttpServer> {
  const commands = commandsOf(options)
  const server = createServer((request, response) => void answer(request, response, commands))
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(path, done)
  })
  return server
}

/** Exported for tests: all commands, the server's own among them. */
export function commandsOf({ store, clock, operators, about }: AdminOptions): Commands {
  const own: Commands = {
    '/status': () =>
      store.read((tx) =>
        Object.assign(
          { ...about, revision: store.revision },
          ...operators.map(({ status }) => status?.(tx)),
        ),
      ) as object,
    '/events': (asked) => answerEvents({ store, clock }, asked),
  }
  const all = [own, ...operators.map(({ commands }) => commands)].flatMap(Object.entries)
  assert(new Set(all.map(([path]) => path)).size === all.length, 'two commands have one path')
  return Object.fromEntries(all) as Commands
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  commands: Commands,
): Promise<void> {
  const reply = (code: number, body: object): void => {
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  try {
    const command = commands[request.url ?? '']
    if (!command) return reply(404, { error: `there is no ${request.url}` })
    reply(200, await command(await read(request)))
  } catch (error) {
    const isOurs = error instanceof OperatorError || error instanceof SyntaxError
    reply(isOurs ? 400 : 500, { error: (error as Error).message })
  }
}

async function read(request: IncomingMessage): Promise<Asked> {
  let text = ''
  for await (const part of request) {
    text += String(part)
    if (text.length > BODY_MAX) throw new SyntaxError('the request is too large')
  }
  const asked: unknown = text === '' ? {} : JSON.parse(text)
  return typeof asked === 'object' && asked !== null ? (asked as Asked) : {}
}
