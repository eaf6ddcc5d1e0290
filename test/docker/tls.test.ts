/** Certificates: what a server says of a bad one, where it says that it is, and what clients say of one that will not do. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { connectionError } from '#agent/connection-error.ts'
import { signedSockets } from '#agent/socket.ts'
import { ecsApi } from '#cli/api.ts'
import { readCertificates } from '#server/pem.ts'
import { endpointHost, readTls } from '#server/tls.ts'
import { systemClock } from '#system/system.ts'

import { freePort } from '../parity/free-port.ts'
import { KEYS, REGION } from '../parity/house.ts'
import { blocks, Reader } from './page.fixture.ts'

const LIMIT = { timeout: 60_000 }
const reader = new Reader(0)
const at = (name: string): string => join(reader.home, name)
const servers: Server[] = []
const authorities = getCACertificates('default')

/** An authority as the page makes it, and a certificate of it for `berth.example` alone. */
before(async () => {
  const [make = ''] = blocks('tls.md', 0)
  const names = make.replaceAll('localhost', 'berth.example').replace(',IP:127.0.0.1', '')
  const { code, stderr } = await reader.does(names)
  assert.equal(code, 0, stderr)
})
after(async () => {
  setDefaultCACertificates(authorities)
  for (const server of servers) server.close()
  await reader.leaves()
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}
const secure = (): Promise<number> =>
  listening(
    createTlsServer({ key: readFileSync(at('server.key')), cert: readFileSync(at('server.pem')) }),
  )

const wordsOf = (endpoint: string): Promise<string> =>
  ecsApi(
    endpoint,
    REGION,
    KEYS,
  )('ListClusters', {}).then(
    () => 'answered',
    (error: Error) => error.message,
  )

test('a certificate that will not do is said for what it is', LIMIT, async () => {
  const port = await secure()
  const unknown = `certificate of 127.0.0.1:${port} is from an unknown authority`
  assert.ok((await wordsOf(`https://127.0.0.1:${port}`)).includes(unknown))
  setDefaultCACertificates([readFileSync(at('ca.pem'), 'utf8')])
  assert.match(
    await wordsOf(`https://127.0.0.1:${port}`),
    /is not for the name 127\.0\.0\.1: it is for DNS:berth\.example$/,
  )
  const ending = await signedSockets({ region: REGION, credentials: KEYS, clock: systemClock })({
    url: `wss://127.0.0.1:${port}/ws`,
    frameBytesMax: 1000,
    signal: new AbortController().signal,
    opened: () => {},
    heard: () => {},
  })
  assert.match(ending.reason, /is not for the name 127\.0\.0\.1/)
})

test('http spoken to https, and https to http, are said', LIMIT, async () => {
  assert.match(await wordsOf(`http://127.0.0.1:${await secure()}`), /is https:\/\/ meant\?$/)
  const plain = await listening(createServer())
  assert.match(await wordsOf(`https://127.0.0.1:${plain}`), /does not speak https: is http:/)
  const nobody = await freePort()
  assert.match(await wordsOf(`http://127.0.0.1:${nobody}`), /nothing listens on 127\.0\.0\.1:\d+$/)
})

test('a machine that there is not is said by its name', () => {
  const error = new TypeError('fetch failed', {
    cause: Object.assign(new Error(), { code: 'ENOTFOUND' }),
  })
  assert.equal(
    connectionError(error, 'https://nobody.example/').message,
    'there is no machine named nobody.example',
  )
})

test('a file that cannot be read is said with its line', LIMIT, () => {
  const good = readFileSync(at('ca.pem'), 'utf8')
  const lines = good.split('\n').length
  const put = (text: string): string => (writeFileSync(at('bad.pem'), text), at('bad.pem'))
  const bad = good.replace(/\n[^\n]+\n/, '\nno base64 at all\n')
  assert.throws(() => readCertificates(put(good + bad)), {
    message: `${at('bad.pem')}, line ${lines}: this is no certificate that can be read`,
  })
  assert.throws(
    () => readCertificates(put(good.slice(0, 200))),
    /bad\.pem, line 1: this block does/,
  )
  assert.throws(() => readCertificates(put('')), /bad\.pem has no certificate/)
  assert.throws(() => readCertificates(at('none.pem')), /none\.pem cannot be read: no such file/)
  assert.throws(
    () => readTls({ tls: { certFile: at('server.pem'), keyFile: at('ca.key') } }),
    /the key in .*ca\.key is not that of the certificate .*server\.pem/,
  )
  assert.throws(
    () =>
      readTls({
        tls: {
          certFile: at('server.pem'),
          keyFile: put('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'),
        },
      }),
    /bad\.pem, line 1: this is no private key/,
  )
})

function certificateFor(names: string): X509Certificate {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ]
  const subject = ['-subj', '/CN=x', '-keyout', '/dev/null', '-addext', `subjectAltName=${names}`]
  return new X509Certificate(
    execFileSync('openssl', [...args, ...subject], { stdio: ['ignore', 'pipe', 'ignore'] }),
  )
}

test('the address of a server is one that clients on its machine can go to', LIMIT, () => {
  for (const [listening, names, expected] of [
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['0.0.0.0', undefined, '127.0.0.1'],
    ['::', undefined, '127.0.0.1'],
    ['::1', undefined, '[::1]'],
    ['10.0.0.7', undefined, '10.0.0.7'],
    ['0.0.0.0', 'IP:127.0.0.1,DNS:berth.example', '127.0.0.1'],
    ['0.0.0.0', 'DNS:web-1', 'web-1'],
    ['0.0.0.0', 'DNS:*.example,DNS:berth.example', 'berth.example'],
    ['127.0.0.1', 'DNS:localhost', 'localhost'],
    ['10.0.0.7', 'DNS:localhost,DNS:berth.example', 'berth.example'],
    ['0.0.0.0', 'DNS:*.example', '127.0.0.1'],
  ] as const)
    assert.equal(
      endpointHost(listening, names && certificateFor(names), 'web-1'),
      expected,
      `${listening} ${names ?? ''}`,
    )
})
