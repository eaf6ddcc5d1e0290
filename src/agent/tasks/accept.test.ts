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

const logsTo = (Type: string, Config: object): AcsContainer => ({
  ...app,
  dockerConfig: { hostConfig: JSON.stringify({ LogConfig: { Type, Config } }) },
})

test('an agent that cannot send logs runs nothing that logs by awslogs', () => {
  const task: AcsTask = {
    arn: 'arn',
    desiredStatus: 'RUNNING',
    containers: [logsTo('awslogs', { 'awslogs-group': 'g' })],
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

test('where nothing is privileged, a security option runs that the operator names', () => {
  const hostConfig = JSON.stringify({ SecurityOpt: ['no-new-privileges', 'apparmor=web'] })
  const task: AcsTask = {
    arn: 'arn',
    desiredStatus: 'RUNNING',
    containers: [{ ...app, dockerConfig: { hostConfig } }],
  }
  const withNamed = (...named: readonly string[]) => {
    const hostPolicy = { capabilities: { how: 'only', named } } as const
    return problemOf(task, { privilegedDisabled: true, hostPolicy, hasAwslogs: true })
  }
  assert.match(withNamed('ALL') ?? '', /security option 'apparmor=web'/)
  assert.equal(withNamed('APPARMOR=WEB'), undefined)
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
      /has the security option 'seccomp:unconfined'/,
    ],
    [
      [{ ...app, dockerConfig: { hostConfig: '{"SecurityOpt":["label=type:spc_t"]}' } }],
      /has the security option 'label=type:spc_t'/,
    ],
    [[logsTo('syslog', { tag: 'a\nb' })], /log option 'tag' of container 'app' could write lines/],
    [
      [logsTo('json-file', { tag: '{{pad .ID 60000000000 0}}' })],
      /^log option 'tag' of container 'app' is '\{\{pad .*': allowed on a host is of templates, plain/,
    ],
    [
      [logsTo('json-file', { 'max-size': '1m', 'max-file': '1000000' })],
      /^log option 'max-file' of container 'app' is '1000000': allowed on a host is 1 to 100$/,
    ],
    [
      [logsTo('json-file', { mode: 'non-blocking' })],
      /^log option 'mode' of container 'app' is 'non-blocking': allowed on a host is blocking: .* Leave mode out/,
    ],
    [[{ ...app, secrets: [{ name: 'a', valueFrom: 'b' }] }], /with secrets/],
    [[app], /networkMode awsvpc/, { networkMode: 'awsvpc' }],
    [[app], /volume type efs/, { volumes: [{ name: 'v', type: 'efs' }] }],
  ]
  for (const [containers, expected, more] of cases)
    assert.match(problem(containers, more) ?? '', expected)
})
