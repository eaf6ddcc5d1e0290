/** The log drivers that the engine itself serves: a line of a container arrives where the task definition says. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test, type TestContext } from 'node:test'
import { gunzipSync, inflateSync } from 'node:zlib'

import { systemIds } from '#system/system.ts'

import { House, until } from '../parity/house.ts'
import { docker, importImage, removeImage } from './engine.fixture.ts'

const IMAGE = `berth-drivers-test-${systemIds.hex(8)}:1`
const LIMIT = { timeout: 60_000 }
const LINE = 'a-line-for-the-driver'
let house: House

before(async () => {
  await importImage(IMAGE, ['LABEL berth.local=true'])
  house = await House.start({ agent: true })
})
after(async () => {
  await house?.stop()
  await removeImage(IMAGE)
})

/** Runs a container that says the line with this log configuration; gives the task's ARN. */
async function say(logDriver: string, options: Readonly<Record<string, string>>): Promise<string> {
  const family = `driver-${logDriver}`
  await house.api('RegisterTaskDefinition', {
    family,
    containerDefinitions: [
      {
        name: 'app',
        image: IMAGE,
        memory: 16,
        stopTimeout: 2,
        command: ['sh', '-c', `while :; do echo ${LINE}; sleep 0.2; done`],
        logConfiguration: { logDriver, options },
      },
    ],
  })
  const { tasks, failures } = await house.api<{ tasks: { taskArn: string }[]; failures: object[] }>(
    'RunTask',
    { taskDefinition: family },
  )
  assert.deepEqual(failures, [])
  return tasks[0]?.taskArn ?? ''
}

/** A listener that resolves with what the first sender of the line sent. */
function datagrams(context: TestContext) {
  const socket = createSocket('udp4')
  context.after(() => socket.close())
  const heard = Promise.withResolvers<string>()
  socket.on('message', (message) => {
    const text =
      message[0] === 0x1f
        ? gunzipSync(message)
        : message[0] === 0x78
          ? inflateSync(message)
          : message
    if (text.includes(LINE)) heard.resolve(text.toString())
  })
  socket.bind(0, '127.0.0.1')
  return {
    heard: heard.promise,
    listening: once(socket, 'listening').then(() => socket.address().port),
  }
}

for (const [driver, option] of [
  ['syslog', 'syslog-address'],
  ['gelf', 'gelf-address'],
] as const)
  test(`${driver} hears the line`, LIMIT, async (context) => {
    const { heard, listening } = datagrams(context)
    const arn = await say(driver, { [option]: `udp://127.0.0.1:${await listening}` })
    assert.ok((await heard).includes(LINE))
    await house.api('StopTask', { task: arn })
  })

test('fluentd hears the line', LIMIT, async (context) => {
  const heard = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (text.includes(LINE) && text.includes('by-berth')) heard.resolve()
    })
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  context.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const arn = await say('fluentd', { 'fluentd-address': `127.0.0.1:${port}`, tag: 'by-berth' })
  await heard.promise
  await house.api('StopTask', { task: arn })
})

test('splunk hears the line, with its token', LIMIT, async (context) => {
  const heard = Promise.withResolvers<string>()
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      if (text.includes(LINE)) heard.resolve(request.headers.authorization ?? '')
      response.end('{"text":"Success","code":0}')
    })
  }).listen(0, '127.0.0.1')
  context.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const arn = await say('splunk', {
    'splunk-url': `http://127.0.0.1:${port}`,
    'splunk-token': 'T0',
  })
  assert.equal(await heard.promise, 'Splunk T0')
  await house.api('StopTask', { task: arn })
})

test('json-file keeps to its options', LIMIT, async () => {
  const arn = await say('json-file', { 'max-size': '1m', 'max-file': '2' })
  const container = await until('the container is made', async () =>
    (await house.containers()).find(({ Labels }) => Labels['com.amazonaws.ecs.task-arn'] === arn),
  )
  await house.api('StopTask', { task: arn })
  const { HostConfig } = (await docker('GET', `/containers/${container.Id}/json`)) as {
    HostConfig: { LogConfig: object }
  }
  assert.deepEqual(HostConfig.LogConfig, {
    Type: 'json-file',
    Config: { 'max-size': '1m', 'max-file': '2' },
  })
})
