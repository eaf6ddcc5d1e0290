import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Pipelines } from '#kernel/pipelines.ts'

import type { Answerer, HttpAnswer } from '../host.ts'
import { Seats } from './seats.ts'

const BODY_BYTES_MAX = 16 * 1024
const HEADER_BYTES_MAX = 16 * 1024
/** For a whole request; containers are near. */
const REQUEST_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 60_000

/** A small HTTP server: every limit of what containers may send is here. */
export async function listen(
  address: string,
  port: number,
  answerer: Answerer,
  isHosts?: (address: string) => boolean,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const pipelines = new Pipelines()
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
    },
    (request, response) => {
      if (pipelines.take(request.socket, response)) void handle(request, response, answerer, seats)
    },
  )
  const seats = new Seats(server, isHosts)
  await listening(server, address, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answerer: Answerer,
  seats: Seats,
): Promise<void> {
  let answer: HttpAnswer
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const body = await read(request)
    const question = {
      method: request.method ?? 'GET',
      path: pathname,
      query: searchParams,
      from: request.socket.remoteAddress ?? '',
    }
    answer =
      body === undefined
        ? { status: 413, contentType: 'text/plain', body: 'Request Entity Too Large' }
        : await seats.whileAnswered(request.socket, () => answerer({ ...question, body }))
  } catch {
    answer = { status: 500, contentType: 'text/plain', body: 'Internal Server Error' }
  }
  if (response.destroyed) return
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    ...(answer.status === 413 ? { connection: 'close' } : {}),
  })
  response.end(answer.body)
}

/** `undefined` for more than is read. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
