import assert from 'node:assert/strict'
import { test } from 'node:test'

import { EngineError } from '../engine.ts'
import { awslogsConfig } from '../tasks/container-logs.ts'
import { readOptions, streamName } from './options.ts'

const PLACE = { region: 'us-east-1', endpoint: 'http://127.0.0.1:4566' }
const LEAST = { 'awslogs-group': '/ecs/g' }
const read = (config: Record<string, string>) => readOptions({ ...LEAST, ...config }, PLACE)

test('the least, and everything', () => {
  assert.deepEqual(read({}), {
    group: '/ecs/g',
    stream: undefined,
    tag: undefined,
    createGroup: false,
    begins: undefined,
    isBlocking: false,
    bufferBytesMax: 10 << 20,
  })
  const { begins, ...others } = read({
    'awslogs-region': 'us-east-1',
    'awslogs-endpoint': 'http://127.0.0.1:4566/',
    'awslogs-stream': 'p/c/t',
    'awslogs-create-group': 'true',
    'awslogs-multiline-pattern': '^A',
    mode: 'non-blocking',
    'max-buffer-size': '4m',
  })
  assert.deepEqual(others, {
    group: '/ecs/g',
    stream: 'p/c/t',
    tag: undefined,
    createGroup: true,
    isBlocking: false,
    bufferBytesMax: 4 << 20,
  })
  assert.deepEqual([begins?.test('A b'), begins?.test('b A')], [true, false])
  const blocking = read({ mode: 'blocking' })
  assert.deepEqual([blocking.isBlocking, blocking.bufferBytesMax], [true, Infinity])
  for (const [size, bytes] of [
    ['512', 512],
    ['1k', 1024],
    ['1.5MiB', 1.5 * 1024 ** 2],
    ['2gb', 2 * 1024 ** 3],
  ] as const)
    assert.equal(read({ 'max-buffer-size': size }).bufferBytesMax, bytes, size)
})

const CREATE = 'CannotCreateContainerError: Error response from daemon: '
const START =
  'CannotStartContainerError: Error response from daemon: failed to initialize logging driver: '

test('what does not act here is refused by name, as Docker’s driver refuses it', () => {
  const cases: readonly (readonly [Record<string, string>, string, RegExp])[] = [
    [{ 'awslogs-group': '' }, CREATE, /awslogs-group/],
    [{ 'awslogs-group': 'a b' }, START, /awslogs-group/],
    [{ 'awslogs-region': 'eu-west-1' }, START, /awslogs-region is 'eu-west-1'/],
    [{ 'awslogs-endpoint': 'https://logs.us-east-1.amazonaws.com' }, START, /awslogs-endpoint/],
    [{ 'awslogs-endpoint': 'nowhere' }, START, /awslogs-endpoint/],
    [{ 'awslogs-stream': 'a:b' }, START, /awslogs-stream/],
    [{ 'awslogs-create-group': 'maybe' }, CREATE, /awslogs-create-group/],
    [{ 'awslogs-credentials-endpoint': '/v2' }, CREATE, /'awslogs-credentials-endpoint'/],
    [{ 'awslogs-force-flush-interval-seconds': '1' }, CREATE, /unknown log opt/],
    [
      { 'awslogs-datetime-format': '%Y', 'awslogs-multiline-pattern': 'x' },
      CREATE,
      /at the same time/,
    ],
    [{ 'awslogs-multiline-pattern': '(?=x)' }, START, /could not parse multiline pattern/],
    [{ mode: 'sometimes' }, CREATE, /logger: unknown logging mode: sometimes/],
    [{ mode: 'blocking', 'max-buffer-size': '1m' }, CREATE, /max-buffer-size/],
    [{ 'max-buffer-size': 'large' }, CREATE, /max-buffer-size/],
    [{ tag: '{{.DaemonName}}' }, START, /tag/],
  ]
  for (const [config, begin, text] of cases)
    assert.throws(
      () => read(config),
      (error: Error) => {
        assert.ok(error instanceof EngineError)
        assert.equal(error.reason.slice(0, begin.length), begin)
        assert.match(error.message, text)
        return true
      },
    )
})

test('a stream has the name that was asked for, its tag, or the container’s id', () => {
  const container = { id: 'a'.repeat(64), name: 'ecs-x-1', image: 'repo:5000/app:2' }
  assert.equal(streamName(read({ 'awslogs-stream': 'p/c/t', tag: 'x' }), container), 'p/c/t')
  assert.equal(
    streamName(read({ tag: '{{.Name}}/{{ .ID }}/{{.ImageName}}' }), container),
    `ecs-x-1/${'a'.repeat(12)}/repo_5000/app_2`,
  )
  assert.equal(streamName(read({}), container), container.id)
})

test('only a container that asks for awslogs has its options', () => {
  const container = (LogConfig: unknown) => ({
    name: 'c',
    image: 'i',
    dockerConfig: { hostConfig: JSON.stringify({ LogConfig }) },
  })
  assert.deepEqual(awslogsConfig(container({ Type: 'awslogs', Config: LEAST })), LEAST)
  assert.deepEqual(awslogsConfig(container({ Type: 'awslogs' })), {})
  assert.equal(awslogsConfig(container({ Type: 'json-file' })), undefined)
  assert.equal(awslogsConfig({ name: 'c', image: 'i' }), undefined)
})

test('datetime formats find their times, and only those', () => {
  for (const [format, yes, no] of [
    ['%Y-%m-%d %H:%M:%S', 'x 2026-11-21 07:00:59 y', '2026-13-21 07:00:59'],
    ['\\[%b %d, %Y %H:%M:%S\\]', '[May 01, 2017 19:00:01] A', 'May 01, 2017 19:00:01'],
    ['%A %B %j %w %y %p %I', 'Friday January 366 6 26 PM 12', 'Fri January 366 6 26 PM 12'],
    ['%a%z%Z%f%L', 'Mon+0100EST123456.789', 'Mon+0100UTC123456.789'],
    ['^(?:INFO|WARN) .*%H', 'WARN at 07', 'at 07'],
    ['a.b%q%%$', 'axb', 'axb%q%'],
  ] as const) {
    const expression = read({ 'awslogs-datetime-format': format }).begins!
    assert.ok(expression.test(yes), `${format} finds ${yes}`)
    assert.ok(!expression.test(no), `${format} does not find ${no}`)
  }
  assert.equal(read({ 'awslogs-datetime-format': '%q' }).begins, undefined)
  assert.throws(() => read({ 'awslogs-datetime-format': '[%b %d]' }), /multiline pattern key/)
})
