import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AcsContainer, AcsTask } from '#wire/task.ts'

import { problemOf } from './accept.ts'

const app: AcsContainer = { name: 'app', image: 'image' }
const other: AcsContainer = { name: 'other', image: 'image' }

function problem(containers: readonly AcsContainer[], more: Partial<AcsTask> = {}) {
  return problemOf(
    { arn: 'arn', desiredStatus: 'RUNNING', containers, ...more },
    { privilegedDisabled: true, hostPolicy: {}, hasAwslogs: true },
  )
}

const awslogs = (Config: object): AcsContainer => ({
  ...app,
  dockerConfig: { hostConfig: JSON.stringify({ LogConfig: { Type: 'awslogs', Config } }) },
})

test('an agent that cannot send logs runs nothing that logs by awslogs', () => {
  const task: AcsTask = {
    arn: 'arn',
    desiredStatus: 'RUNNING',
    containers: [awslogs({ 'awslogs-group': 'g' })],
  }
  assert.match(
    problemOf(task, { privilegedDisabled: false, hostPolicy: {}, hasAwslogs: false }) ?? '',
    /log driver awslogs/,
  )
  assert.equal(problem(task.containers ?? []), undefined)
})

test('a sound task has no problem', () => {
  assert.equal(problem([app, { ...other, links: ['app'], overrides: '{}' }]), undefined)
})

test('each thing that cannot run is said by its name', () => {
  const onOther = { ...app, dependsOn: [{ containerName: 'other', condition: 'START' as const }] }
  const cases: readonly [readonly AcsContainer[], RegExp, Partial<AcsTask>?][] = [
    [[], /no containers/],
    [[app, app], /same name/],
    [[onOther], /depends on 'other', which is not in the task/],
    [[onOther, { ...other, links: ['app'] }], /in a circle: app, other/],
    [[{ ...app, links: ['app'] }], /in a circle/],
    [[{ ...app, overrides: '{"memory":1}' }], /unknown field 'memory'/],
    [[{ ...app, overrides: '[' }], /overrides of container 'app' are not JSON/],
    [
      [{ ...app, dockerConfig: { hostConfig: '{' } }],
      /dockerConfig of container 'app' is not JSON/,
    ],
    [[{ ...app, dockerConfig: { hostConfig: '{"Privileged":true}' } }], /is privileged/],
    [
      [{ ...app, dockerConfig: { hostConfig: '{"SecurityOpt":["seccomp:unconfined"]}' } }],
      /is unconfined/,
    ],
    [[{ ...app, secrets: [{ name: 'a', valueFrom: 'b' }] }], /with secrets/],
    [[app], /networkMode awsvpc/, { networkMode: 'awsvpc' }],
    [[app], /volume type efs/, { volumes: [{ name: 'v', type: 'efs' }] }],
  ]
  for (const [containers, expected, more] of cases)
    assert.match(problem(containers, more) ?? '', expected)
})
