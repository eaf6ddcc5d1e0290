import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Clock } from '#kernel/clock.ts'

import { ControlPlane, CallFault } from '../control-plane.ts'
import type { Engine } from '../engine.ts'
import type { HttpQuestion } from '../host.ts'
import type { Credentials } from '../sign.ts'
import { accept } from '../tasks/accept.ts'
import { change } from '../tasks/task.ts'
import { CredentialStore } from './credentials.ts'
import { introspect } from './introspection.ts'
import { Metadata } from './metadata.ts'

const TASK = 'arn:aws:ecs:us-east-1:123456789012:task/default/1'
const INSTANCE = 'arn:aws:ecs:us-east-1:123456789012:container-instance/default/1'
const ROLE = {
  credentialsId: 'c-1',
  roleArn: 'arn:aws:iam::123456789012:role/app',
  accessKeyId: 'ASIAROLE',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: '2030-01-01T00:00:00Z',
}

function prepared(availabilityZone?: string) {
  let now = 1_000_000
  const clock: Clock = {
    now: () => now,
    after: () => () => {},
    sleep: () => Promise.resolve(),
  }
  const calls: { operation: string; input: object; as: Credentials | undefined }[] = []
  const answers = new Map<string, unknown>()
  const controlPlane = new ControlPlane({
    call: async (operation, input, as) => {
      calls.push({ operation, input, as })
      const answer = answers.get(operation)
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  const task = runningTask()
  const credentials = new CredentialStore()
  // Nothing of the engine is asked for here but what it never had.
  const engine = {
    inspect: async () => undefined,
    stats: async () => undefined,
  } as unknown as Engine
  const tasks = () => new Map([[TASK, task]])
  const metadata = new Metadata({
    engine,
    clock,
    controlPlane,
    cluster: 'default',
    containerInstanceArn: INSTANCE,
    availabilityZone,
    rate: { perSecond: 2, burst: 3 },
    credentials,
    tasks,
  })
  const ask = async (path: string, more: Partial<HttpQuestion> = {}) => {
    const [pathname = '', query = ''] = path.split('?')
    const { status, body } = await metadata.answer({
      method: 'GET',
      path: pathname,
      query: new URLSearchParams(query),
      body: '',
      from: '172.17.0.2',
      ...more,
    })
    return { status, body: body.startsWith('{') || body.startsWith('"') ? JSON.parse(body) : body }
  }
  const about = { engine, cluster: 'default', containerInstanceArn: INSTANCE, version: 'v', tasks }
  return {
    ask,
    calls,
    answers,
    credentials,
    about,
    pass: (ms: number) => {
      now += ms
    },
  }
}

function runningTask() {
  const definition = {
    arn: TASK,
    desiredStatus: 'RUNNING' as const,
    family: 'web',
    version: '3',
    containers: [{ name: 'app', image: 'app:1' }],
    roleCredentials: ROLE,
  }
  const accepted = accept(definition, 1, () => 'me')
  return change(accepted, 'app', { status: 'RUNNING', dockerId: 'docker-id' })
}

test('only its own address tells a container anything', async () => {
  const { ask } = prepared()
  assert.equal((await ask('/v4/meme')).body.Name, 'app')
  assert.equal((await ask('/v4/meme/task')).body.Revision, '3')
  for (const path of [
    '/v4/guess',
    '/v3/guess/task',
    '/v4/guess/stats',
    '/v4/../meme',
    '/v4/me%6de',
  ])
    assert.equal((await ask(path, { from: path })).status, 404, path)
  assert.match(
    (await ask('/v4/guess')).body,
    /V4 container metadata handler: unable to get container ID/,
  )
  assert.equal((await ask('/')).status, 404)
  assert.equal((await ask('/v4/meme', { method: 'POST' })).status, 405)
})

test('a task is told its zone where the agent knows one', async () => {
  for (const zone of ['us-east-1a', undefined]) {
    const { ask, answers } = prepared(zone)
    answers.set('ListTagsForResource', { tags: [] })
    for (const path of ['/v4/meme/task', '/v4/meme/taskWithTags', '/v3/meme/task'])
      assert.equal((await ask(path)).body.AvailabilityZone, zone, path)
  }
})

test('one caller may ask so often; another has a share of its own, whatever headers say', async () => {
  const { ask, pass } = prepared()
  const statuses = async (count: number, from = '172.17.0.2') => {
    const all: number[] = []
    for (let index = 0; index < count; index += 1)
      all.push((await ask('/v4/meme', { from })).status)
    return all
  }
  assert.deepEqual(await statuses(4), [200, 200, 200, 429])
  assert.deepEqual(await statuses(1, '172.17.0.3'), [200])
  pass(1000)
  assert.deepEqual(await statuses(3), [200, 200, 429])
})

test('who guesses has one share for all guesses', async () => {
  const { ask } = prepared()
  const statuses: number[] = []
  for (let guess = 0; guess < 5; guess += 1) statuses.push((await ask(`/v4/guess-${guess}`)).status)
  assert.deepEqual(statuses, [404, 404, 404, 429, 429])
  assert.equal((await ask('/v4/meme')).status, 200)
})

test('credentials: none asked for, unknown, not yet pushed, and there', async () => {
  const { ask, credentials } = prepared()
  const cases: readonly [string, number, string][] = [
    ['/v2/credentials', 400, 'NoIdInRequest'],
    ['/v2/credentials/', 400, 'NoIdInRequest'],
    ['/v2/credentials/other', 400, 'InvalidIdInRequest'],
    ['/v2/credentials/c-1', 503, 'CredentialsUninitialized'],
    ['/v1/credentials?id=c-1', 503, 'CredentialsUninitialized'],
    ['/v1/credentials', 400, 'NoIdInRequest'],
  ]
  for (const [path, status, code] of cases) {
    const answer = await ask(path, { from: path })
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.HTTPErrorCode],
      [status, code, status],
    )
  }
  credentials.put(ROLE)
  const { status, body } = await ask('/v2/credentials/c-1')
  assert.deepEqual([status, body.AccessKeyId, body.Token], [200, 'ASIAROLE', 'token'])
  const stopped = change(runningTask(), 'app', { status: 'STOPPED' })
  credentials.taskChanged(TASK, runningTask())
  assert.equal((await ask('/v2/credentials/c-1', { from: 'again' })).status, 200)
  credentials.taskChanged(TASK, stopped)
  assert.equal((await ask('/v1/credentials?id=c-1')).status, 503)
})

test('protection is asked for in the name of the task’s role, and refused without one', async () => {
  const { ask, calls, answers, credentials } = prepared()
  const path = '/api/meme/task-protection/v1/state'
  const denied = await ask(path)
  assert.deepEqual([denied.status, denied.body.error.Code], [403, 'AccessDeniedException'])
  credentials.put(ROLE)
  answers.set('UpdateTaskProtection', {
    protectedTasks: [{ taskArn: TASK, protectionEnabled: true, expirationDate: 1_900_000_000 }],
    failures: [],
  })
  const put = (body: string) => ask(path, { method: 'PUT', body, from: String(Math.random()) })
  const { body } = await put('{"ProtectionEnabled":true,"ExpiresInMinutes":60}')
  assert.deepEqual(body, {
    protection: {
      ProtectionEnabled: true,
      ExpirationDate: '2030-03-17T17:46:40.000Z',
      TaskArn: TASK,
    },
  })
  assert.deepEqual(calls.at(-1), {
    operation: 'UpdateTaskProtection',
    input: { cluster: 'default', tasks: [TASK], protectionEnabled: true, expiresInMinutes: 60 },
    as: { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret', sessionToken: 'token' },
  })
  for (const bad of [
    '',
    '{',
    '[]',
    '{}',
    '{"ProtectionEnabled":1}',
    '{"ProtectionEnabled":true,"x":1}',
  ])
    assert.equal((await put(bad)).status, 400, bad)
  answers.set('UpdateTaskProtection', new CallFault('ThrottlingException', 'Rate exceeded', 400))
  const fault = await put('{"ProtectionEnabled":false}')
  assert.deepEqual([fault.status, fault.body.error.Code], [400, 'ThrottlingException'])
})

test('tags are asked for, and that they could not be read is told', async () => {
  const { ask, answers } = prepared()
  answers.set('ListTagsForResource', { tags: [{ key: 'team', value: 'blue' }] })
  const first = await ask('/v4/meme/taskWithTags')
  assert.deepEqual(first.body.TaskTags, { team: 'blue' })
  assert.deepEqual(first.body.ContainerInstanceTags, { team: 'blue' })
  answers.set('ListTagsForResource', new CallFault('AccessDeniedException', 'no', 400))
  const second = await ask('/v4/meme/taskWithTags')
  assert.deepEqual(
    second.body.Errors.map((error: { ErrorField: string }) => error.ErrorField),
    ['TaskTags', 'ContainerInstanceTags'],
  )
})

test('tools of the host hear which container instance this is and what runs', async () => {
  const { about } = prepared()
  const ask = async (path: string) => {
    const [pathname = '', query = ''] = path.split('?')
    const { status, body } = await introspect(
      { method: 'GET', path: pathname, query: new URLSearchParams(query), body: '', from: '' },
      about,
    )
    return { status, body: body.startsWith('{') ? JSON.parse(body) : body }
  }
  assert.deepEqual((await ask('/v1/metadata')).body, {
    Cluster: 'default',
    ContainerInstanceArn: INSTANCE,
    Version: 'v',
  })
  assert.equal((await ask('/v1/tasks')).body.Tasks[0].Containers[0].DockerId, 'docker-id')
  assert.equal((await ask(`/v1/tasks?taskarn=${TASK}`)).body.Family, 'web')
  assert.equal((await ask('/v1/tasks?dockerid=docker')).body.Arn, TASK)
  assert.equal((await ask('/v1/tasks?dockerid=other')).status, 404)
  assert.equal((await ask(`/v1/tasks?dockerid=a&taskarn=b`)).status, 400)
  assert.deepEqual((await ask('/')).body.AvailableCommands, [
    '/v1/metadata',
    '/v1/tasks',
    '/license',
  ])
})
