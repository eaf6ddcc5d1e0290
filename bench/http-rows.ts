/**
 * The least that a durable answer over HTTP can be: a process that reads a request, appends a row of RunTask's length to
 * the journal, and answers when it is durable. No signature, no JSON, no task. Sends its port to who forked it.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { BareRows } from './bare-rows.ts'

const rows = await BareRows.open()
const answer = Buffer.from('x'.repeat(1200))
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => void answerOnceKept(response))
})
async function answerOnceKept(response: ServerResponse): Promise<void> {
  await rows.append()
  response.writeHead(200, { 'content-length': answer.length })
  response.end(answer)
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => {
  server.close()
  server.closeAllConnections()
  void rows.close()
})
