/** Who may do what: every action that there is, on every kind of ARN, for every kind of caller. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Principal } from '#kernel/principal.ts'
import { notBuilt } from '#room/operation.ts'
import { faultOf, House } from '#server/house.fixture.ts'
import { roomsWith } from '#server/rooms.ts'

import { authorize } from './authorize.ts'

const ACCOUNT = '111122223333'
const REGION = 'us-east-1'
const OWN = `arn:aws:ecs:${REGION}:${ACCOUNT}:container-instance/default/${'a'.repeat(32)}`
const OTHER = OWN.replaceAll('a'.repeat(32), 'b'.repeat(32))
const CLUSTER = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/default`
const GROUP = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:web`

const ARNS: Readonly<Record<string, readonly string[]>> = {
  own: [OWN],
  cluster: [CLUSTER],
  group: [GROUP],
  stream: [`${GROUP}:log-stream:a/b`],
  any: ['*'],
  // From here on nobody but root users and rooms may anything.
  other: [OTHER],
  'own and other': [OWN, OTHER],
  'other as log ARN': [OTHER.replace(':ecs:', ':logs:')],
  'own as log ARN': [OWN.replace(':ecs:', ':logs:')],
  'group and other': [GROUP, OTHER],
  'group of ecs': [GROUP.replace(':logs:', ':ecs:')],
  'cluster of logs': [CLUSTER.replace(':ecs:', ':logs:')],
  'own elsewhere': [OWN.replace(':aws:', ':aws-cn:')],
  'cluster elsewhere': [CLUSTER.replace(':aws:', ':aws-cn:')],
  'group elsewhere': [GROUP.replace(':aws:', ':aws-cn:')],
  "another account's cluster": [CLUSTER.replace(ACCOUNT, '444455556666')],
  "another account's group": [GROUP.replace(ACCOUNT, '444455556666')],
  "another region's cluster": [CLUSTER.replace(REGION, 'eu-west-1')],
  "another region's group": [GROUP.replace(REGION, 'eu-west-1')],
  'own and more': [`${OWN}/x`],
  task: [`arn:aws:ecs:${REGION}:${ACCOUNT}:task/default/${'a'.repeat(32)}`],
  text: ['log-group:web'],
  empty: [''],
  nothing: [],
}

/** What a machine key may. */
const HOST = new Map(
  Object.entries({
    'ecs:DiscoverPollEndpoint': ['own', 'any'],
    'ecs:RegisterContainerInstance': ['own', 'cluster'],
    'ecs:DeregisterContainerInstance': ['own'],
    'ecs:UpdateContainerInstancesState': ['own'],
    'ecs:Poll': ['own'],
    'ecs:StartTelemetrySession': ['own'],
    'ecs:SubmitAttachmentStateChanges': ['own', 'any'],
    'ecs:SubmitContainerStateChange': ['own'],
    'ecs:SubmitTaskStateChange': ['own'],
    'ecs:ListTagsForResource': ['own'],
    'logs:CreateLogStream': ['group', 'stream'],
    'logs:PutLogEvents': ['group', 'stream'],
  }),
)

const host = (containerInstanceArn?: string): Principal => ({
  type: 'host',
  accountId: ACCOUNT,
  hostId: 'h',
  containerInstanceArn,
})

const CALLERS: readonly (readonly [
  string,
  Principal,
  (action: string, kind: string) => boolean,
])[] = [
  ['root', { type: 'root', accountId: ACCOUNT }, () => true],
  ['room', { type: 'service', accountId: ACCOUNT, service: 'ecs' }, () => true],
  ['host', host(OWN), (action, kind) => HOST.get(action)?.includes(kind) ?? false],
  [
    'host that never registered',
    host(),
    (action, kind) => kind !== 'own' && (HOST.get(action)?.includes(kind) ?? false),
  ],
]

const actions = new Set([
  ...roomsWith().flatMap(({ service, operations }) =>
    Object.entries(operations).flatMap(([name, one]) =>
      one === notBuilt ? [] : [`${service}:${name}`],
    ),
  ),
  'ecs:Poll',
  'ecs:StartTelemetrySession',
  'ecs:ExecuteCommand',
  'constructor',
  '__proto__',
])

for (const [name, principal, may] of CALLERS)
  test(`${name}: each action on each kind of ARN`, () => {
    assert.ok(actions.size > 50)
    const caller = {
      principal,
      accountId: ACCOUNT,
      region: REGION,
      tenant: ACCOUNT,
      requestId: 'r',
      endpoint: 'http://berth.test',
    }
    for (const action of actions)
      for (const [kind, resources] of Object.entries(ARNS)) {
        const verdict = authorize(caller, { action, resources, conditions: {} })
        assert.equal(verdict.allowed, may(action, kind), `${action} on ${kind}`)
        if (!verdict.allowed)
          assert.equal(
            verdict.message,
            `User: arn:aws:iam::${ACCOUNT}:host/h is not authorized to perform: ${action} on resource: ${resources[0] ?? '*'} because no identity-based policy allows the ${action} action`,
          )
      }
  })

test("a machine key opens no other host's sockets, however the ARN is written", async () => {
  const house = await House.open()
  const own = await house.host()
  const other = await house.host()
  const as = { principal: host(own.arn) }
  for (const path of ['/acs/ws', '/tcs/ws'])
    for (const arn of [
      other.arn,
      other.arn.replace(':ecs:', ':logs:'),
      other.arn.replace(':aws:', ':aws-cn:'),
      own.arn.replace(':ecs:', ':logs:'),
      '*',
    ]) {
      const query = new URLSearchParams({ containerInstanceArn: arn, containerInstance: arn })
      const opened = house.conversation(path).open(`${path}?${query.toString()}`, house.caller(as))
      assert.ok(typeof opened === 'object' && opened.status === 403, `${path} ${arn}`)
    }
})

test('a machine key reads no logs', async () => {
  const house = await House.open()
  const own = await house.host()
  await house.callOf('logs', 'CreateLogGroup', { logGroupName: 'web' })
  for (const operation of ['DescribeLogStreams', 'GetLogEvents', 'FilterLogEvents'])
    assert.match(
      await faultOf(
        house.callOf(
          'logs',
          operation,
          { logGroupName: 'web', logStreamName: 's' },
          { principal: host(own.arn) },
        ),
      ),
      /^AccessDeniedException/,
    )
})
