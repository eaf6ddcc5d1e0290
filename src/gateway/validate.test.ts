import assert from 'node:assert/strict'
import { test } from 'node:test'

import { asJson, ask, deskOf, type Sent } from './gateway.fixture.ts'

const json = (service: string, target: string, operation: string, input: object): Sent => ({
  ...asJson(operation, input, target),
  service,
})
const form = (service: string, body: string): Sent => ({
  service,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
})

const CASES: readonly (readonly [what: string, sent: Sent, code: string, message: string])[] = [
  [
    'a required member',
    json('ecs', 'AmazonEC2ContainerServiceV20141113', 'RunTask', {}),
    'InvalidParameterException',
    "1 validation error detected: Value null at 'taskDefinition' failed to satisfy constraint: Member must not be null",
  ],
  [
    'two at once',
    json('kms', 'TrentService', 'CreateAlias', { AliasName: 'bad name' }),
    'ValidationException',
    "2 validation errors detected: Value 'bad name' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
  ],
  [
    'a length',
    json('logs', 'Logs_20140328', 'CreateLogGroup', { logGroupName: '' }),
    'InvalidParameterException',
    "1 validation error detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'a pattern',
    json('logs', 'Logs_20140328', 'CreateLogGroup', { logGroupName: 'a b' }),
    'InvalidParameterException',
    "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
  ],
  ...(['CreateLogGroup', 'DeleteLogGroup', 'CreateLogStream'] as const).map(
    (operation): (typeof CASES)[number] => [
      `${operation}: a name that is too long`,
      json('logs', 'Logs_20140328', operation, { logGroupName: 'a'.repeat(513) }),
      'InvalidParameterException',
      'Invalid LogGroup or LogStream, both must have length less than or equal to 512.',
    ],
  ),
  [
    'ECR, in its own words',
    json('ecr', 'AmazonEC2ContainerRegistry_V20150921', 'CreateRepository', {
      repositoryName: 'a',
    }),
    'InvalidParameterException',
    "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'",
  ],
  [
    'SQS, in its own words',
    json('sqs', 'AmazonSQS', 'CreateQueue', {}),
    'MissingParameter',
    'The request must contain the parameter QueueName.',
  ],
  [
    'a Query service',
    form('iam', 'Action=GetRole&Version=2010-05-08'),
    'ValidationError',
    "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'EC2, in its own words',
    form('ec2', 'Action=DeleteVpc&Version=2016-11-15'),
    'MissingParameter',
    'The request must contain the parameter VpcId.',
  ],
]

for (const [what, sent, code, message] of CASES)
  test(`the model's limits: ${what}`, async () => {
    const desk = deskOf(new Proxy({}, { get: () => () => ({}) }))
    const { status, text } = await ask(desk, sent)
    assert.equal(status, 400)
    const said = text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : undefined
    assert.equal(said?.['__type']?.replace(/^.*#/, '') ?? /<Code>(.*?)</.exec(text)?.[1], code)
    assert.equal(
      said?.['message'] ?? said?.['Message'] ?? /<Message>(.*?)</.exec(text)?.[1],
      message,
    )
    assert.deepEqual(desk.heard, [])
  })
