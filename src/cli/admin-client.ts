/** Asks a running server over its socket in the data directory. */
import { request } from 'node:http'

import { dataPaths } from '#server/data.ts'

import { called } from './called.ts'
import { UserError } from './user-error.ts'

const TIMEOUT_MS = 10_000

/** Rejects with a UserError when no server runs there, or when it says no. */
export async function ask<Answer>(
  dataDirectory: string,
  command: string,
  asked: object = {},
): Promise<Answer> {
  const { status, body } = await post(
    dataPaths(dataDirectory).socket,
    command,
    JSON.stringify(asked),
  ).catch((error: NodeJS.ErrnoException) => {
    if (['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(error.code ?? ''))
      throw new UserError(
        `no Berth server runs on ${dataDirectory}: start one with \`${called('up')}\`, or name another with --data`,
      )
    throw error
  })
  const answer = JSON.parse(body) as Answer & { readonly error?: string }
  if (status !== 200) throw new UserError(answer.error ?? `the server answered ${status}`)
  return answer
}

/** The same, or nothing when no server runs there. */
export async function askIfRunning<Answer>(
  dataDirectory: string,
  command: string,
): Promise<Answer | undefined> {
  try {
    return await ask<Answer>(dataDirectory, command)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function post(
  socketPath: string,
  path: string,
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    const call = request({ socketPath, path, method: 'POST', timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () => done({ status: response.statusCode ?? 0, body: text }))
    })
    call.on('error', fail)
    call.on('timeout', () =>
      call.destroy(new UserError('the server does not answer on its socket')),
    )
    call.end(body)
  })
}
