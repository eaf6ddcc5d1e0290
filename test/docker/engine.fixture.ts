/** An image for tests, made of this machine's static busybox: no registry is asked for anything. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { patient } from '../patience.ts'

export const DOCKER_SOCKET = '/var/run/docker.sock'
const BUSYBOX = '/bin/busybox'
/** An engine that says nothing for so long will not any more. */
const SILENCE_MS = patient(120_000)
const APPLETS = [
  'sh',
  'sleep',
  'httpd',
  'cat',
  'echo',
  'test',
  'true',
  'false',
  'dd',
  'touch',
  'tail',
  'id',
  'pwd',
  'hostname',
  'grep',
  'ls',
  'wget',
  'readlink',
  'mount',
  'df',
]

/** Loads the image under this name; `changes` are lines of a Dockerfile. */
export async function importImage(
  name: string,
  changes: readonly string[] = [],
  socketPath = DOCKER_SOCKET,
): Promise<void> {
  const colon = name.lastIndexOf(':')
  const [repo, tag] = [name.slice(0, colon), name.slice(colon + 1)]
  const query = new URLSearchParams({ fromSrc: '-', repo, tag })
  // By it `./berth test` finds what a run that was cut has left, images and containers.
  const run = `LABEL berth.test.run=${process.env['RUN_OF_BERTH_TESTS'] ?? 'alone'}`
  for (const change of [run, ...changes]) query.append('changes', change)
  await docker('POST', `/images/create?${query.toString()}`, imageTar(), socketPath)
}

/** The image's files. */
function imageTar(): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'berth-image-'))
  try {
    for (const directory of ['bin', 'www', 'tmp']) mkdirSync(join(root, directory))
    cpSync(BUSYBOX, join(root, 'bin/busybox'))
    writeFileSync(join(root, 'www/index.html'), 'hello\n')
    for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet))
    return execFileSync('tar', ['-C', root, '-cf', '-', '.'], { maxBuffer: 64 * 1024 * 1024 })
  } finally {
    rmSync(root, { recursive: true })
  }
}

export async function removeImage(name: string): Promise<void> {
  await docker('DELETE', `/images/${encodeURIComponent(name)}?force=true`)
}

/** One call of the Engine's API, for what tests do behind the agent's back. */
export function docker(
  method: string,
  path: string,
  body?: Buffer | object,
  socketPath = DOCKER_SOCKET,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json'
    const sending = request(
      {
        socketPath,
        method,
        path: `/v1.41${path}`,
        headers: { 'content-type': type },
        timeout: SILENCE_MS,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => {
          if ((response.statusCode ?? 500) >= 400) reject(new Error(`${path}: ${text}`))
          else resolve(text.startsWith('{') || text.startsWith('[') ? parse(text) : text)
        })
      },
    )
    sending.on('timeout', () => sending.destroy(new Error(`${path}: no answer`)))
    sending.on('error', reject)
    sending.end(bytes)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export type ListedContainer = {
  readonly Id: string
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

export async function listContainers(label: string): Promise<readonly ListedContainer[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }))
  return (await docker('GET', `/containers/json?all=true&filters=${filters}`)) as ListedContainer[]
}

const FRAME_HEADER_BYTES = 8

/** What a container wrote, to both of its streams; the engine puts a header before each piece. */
export async function outputOf(id: string): Promise<string> {
  const bytes = await answerBytes(`/containers/${id}/logs?stdout=true&stderr=true`)
  let text = ''
  let at = 0
  while (at + FRAME_HEADER_BYTES <= bytes.length && bytes[at + 1] === 0 && bytes[at + 2] === 0) {
    const length = bytes.readUInt32BE(at + 4)
    text += bytes.toString('utf8', at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length)
    at += FRAME_HEADER_BYTES + length
  }
  // A terminal has no headers.
  return text === '' ? bytes.toString('utf8') : text
}

function answerBytes(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request({ socketPath: DOCKER_SOCKET, path: `/v1.41${path}` }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
      .on('error', reject)
      .end()
  })
}

export async function removeVolumes(label: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }))
  const { Volumes } = (await docker('GET', `/volumes?filters=${filters}`)) as {
    readonly Volumes: readonly { readonly Name: string }[] | null
  }
  await Promise.allSettled((Volumes ?? []).map(({ Name }) => docker('DELETE', `/volumes/${Name}`)))
}
