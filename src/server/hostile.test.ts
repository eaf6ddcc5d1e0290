/**
 * Every operation that is built, asked what it must refuse: each answer is AWS's own error, nothing is changed by a
 * refusal, and nothing is ever our own mistake (500).
 */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { KEY, sign, type Sent } from '#gateway/gateway.fixture.ts'
import type { Answer } from '#gateway/gateway.ts'
import { modelOf, type OperationModel, type ServiceFacts, type Shape } from '#gateway/model.ts'
import { candidates } from '#gateway/services.ts'

import { ACCOUNT, House, ROOT_KEY } from './house.fixture.ts'

const OWN = `arn:aws:ecs:us-east-1:${ACCOUNT}`
/** What identifiers may be mistaken for. */
const IDENTIFIERS: readonly string[] = [
  `arn:aws:ecs:us-east-1:111122223333:cluster/default`,
  `arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/default`,
  `arn:aws-cn:ecs:us-east-1:${ACCOUNT}:cluster/default`,
  `arn:aws:ec2:us-east-1:${ACCOUNT}:instance/i-0`,
  `${OWN}:task-definition/web:1`,
  `${OWN}:container-instance/default/${'0'.repeat(32)}`,
  `${OWN}:task/default/${'0'.repeat(32)}`,
  `${OWN}:cluster/${'a'.repeat(4096)}`,
  `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/`,
  'arn:aws:ecs:::',
  'arn',
  '../../etc/passwd',
  'dеfault',
  'DEFAULT\u200b',
  ' default',
  'default\u0000',
  '%2e%2e%2f',
  '${jndi:ldap://x}',
  '__proto__',
  'constructor',
  'a'.repeat(4096),
  '',
]
/** Of every JSON type; one of them is wrong for each member. */
const TYPES: readonly unknown[] = [0, -1, 1e300, 'text', true, [], {}, [[]], [{}], [null], null]

let house: House
before(async () => {
  house = await House.open()
  await house.call('CreateCluster')
  await house.host()
})

const answerTo = async (sent: Sent): Promise<Answer> =>
  house.server.gateway.answer(
    await sign({ ...sent, key: { ...KEY, ...ROOT_KEY }, at: house.clock.now() }),
  )

/** Asks, and sees to it that the answer is an answer or a refusal that changed nothing. */
async function asked(sent: Sent, what: string): Promise<Answer> {
  const before = house.server.store.revision
  const answer = await answerTo(sent)
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${String(answer.body).slice(0, 300)}`)
  if (answer.status >= 400)
    assert.equal(house.server.store.revision, before, `${what} was refused and changed something`)
  assert.doesNotMatch(Buffer.from(answer.body).toString(), /<html|at file:|node:internal/i)
  return answer
}

type Case = { readonly facts: ServiceFacts; readonly operation: OperationModel }

/** Every operation of a JSON service that somebody can call here. */
const cases: readonly Case[] = candidates(undefined).flatMap((facts) =>
  facts.protocols[0]?.startsWith('json')
    ? [...modelOf(facts.service).operations.values()].map((operation) => ({ facts, operation }))
    : [],
)
const built = (): readonly Case[] =>
  cases.filter(({ facts, operation }) =>
    house.server.operations.find(facts.service, operation.name),
  )

function json({ facts, operation }: Case, body: string | Uint8Array): Sent {
  const version = facts.protocols[0] === 'json-1.0' ? '1.0' : '1.1'
  return {
    service: facts.signingName,
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${facts.target}.${operation.name}`,
    },
    body,
  }
}

/** An input with every member that must be there, none of them likely to exist. */
function sample(shape: Shape, depth = 0): unknown {
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        shape.members
          .filter(({ required }) => required && depth < 4)
          .map(({ name, shape: inner }) => [name, sample(inner, depth + 1)]),
      )
    case 'list':
      return [sample(shape.item!.shape, depth + 1)]
    case 'map':
      return {}
    case 'number':
    case 'timestamp':
      return 1
    case 'boolean':
      return true
    default:
      return 'nothing-of-that-name'
  }
}

/** Every input with one member, or one member of a structure or list in it, that is `wrong`. */
function* altered(shape: Shape, value: unknown, wrong: unknown, depth = 0): Generator {
  yield wrong
  if (depth >= 3) return
  if (shape.type === 'structure')
    for (const { name, shape: inner } of shape.members)
      for (const each of altered(inner, sample(inner), wrong, depth + 1))
        yield { ...(value as object), [name]: each }
  if (shape.type === 'list')
    for (const each of altered(shape.item!.shape, sample(shape.item!.shape), wrong, depth + 1))
      yield [each]
}

test('wrong types: each member of each operation', async () => {
  for (const one of built())
    for (const wrong of TYPES)
      for (const input of altered(one.operation.input, sample(one.operation.input), wrong)) {
        const body = JSON.stringify(input)
        await asked(json(one, body), `${one.operation.name} ${body.slice(0, 200)}`)
      }
})

test('identifiers of others, of other kinds, and what only looks like one', async () => {
  for (const one of built())
    for (const identifier of IDENTIFIERS)
      for (const { name, shape } of one.operation.input.members) {
        if (shape.type !== 'string' && shape.item?.shape.type !== 'string') continue
        const value = shape.type === 'list' ? [identifier] : identifier
        const input = { ...(sample(one.operation.input) as object), [name]: value }
        await asked(
          json(one, JSON.stringify(input)),
          `${one.operation.name} ${name} ${identifier.slice(0, 80)}`,
        )
      }
})

test('bodies that are broken: every operation refuses them alike', async () => {
  const bodies: readonly (string | Uint8Array)[] = [
    '{',
    '[]',
    'null',
    '"text"',
    '{"a":1}}',
    '{"a":1,"a":2}',
    '\uFEFF{}',
    '{"a":"\u0000"',
    '{"a":1e400x}',
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    `{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`,
    new Uint8Array([0xff, 0xfe, 0x7b, 0x00]),
    new Uint8Array([0x00]),
  ]
  for (const one of built())
    for (const body of bodies) {
      const answer = await asked(
        json(one, body),
        `${one.operation.name} ${String(body).slice(0, 40)}`,
      )
      assert.equal(answer.status, 400)
      assert.match(Buffer.from(answer.body).toString(), /SerializationException/)
    }
})

test('what is not built says so by its name, and nothing else', async () => {
  const unbuilt = cases.filter(
    ({ facts, operation }) => !house.server.operations.find(facts.service, operation.name),
  )
  assert.ok(unbuilt.length > 100)
  for (const one of unbuilt) {
    const answer = await answerTo(json(one, '{}'))
    assert.equal(answer.status, 501, one.operation.name)
    assert.match(Buffer.from(answer.body).toString(), new RegExp(`${one.operation.name} is not`))
  }
})
