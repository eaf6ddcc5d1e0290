/** Where containers may log to, and the options that a log driver must and may have. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '#contract/ecs.ts'
import { isRegion } from '#kernel/region.ts'

import { clientException } from '../names/names.ts'

const LOG_DRIVERS = [
  'awslogs',
  'fluentd',
  'gelf',
  'json-file',
  'journald',
  'syslog',
  'splunk',
  'awsfirelens',
]
const FARGATE_LOG_DRIVERS = ['awslogs', 'splunk', 'awsfirelens']

/** Those of Docker's driver, the prefix that is ECS's own, and what Docker has for every driver. */
const AWSLOGS_OPTIONS: ReadonlySet<string> = new Set([
  ...[
    'create-group',
    'create-stream',
    'credentials-endpoint',
    'datetime-format',
    'endpoint',
    'force-flush-interval-seconds',
    'format',
    'group',
    'max-buffered-events',
    'multiline-pattern',
    'region',
    'stream',
    'stream-prefix',
  ].map((name) => `awslogs-${name}`),
  'max-buffer-size',
  'mode',
  'tag',
])

export function validateLogging(
  { logConfiguration, name }: ContainerDefinition,
  task: RegisterTaskDefinitionRequest,
  fargate: boolean,
): void {
  if (!logConfiguration) return
  const { logDriver, options = {}, secretOptions = [] } = logConfiguration
  if (!LOG_DRIVERS.includes(logDriver))
    throw clientException(`Invalid log driver '${logDriver}' for container '${name}'.`)
  if (fargate && !FARGATE_LOG_DRIVERS.includes(logDriver))
    throw clientException(`Fargate does not support log driver '${logDriver}'.`)
  if (logDriver === 'splunk') {
    const secrets = new Set(secretOptions.map((option) => option.name))
    const missing = ['splunk-url', 'splunk-token'].filter(
      (option) => !options[option] && !secrets.has(option),
    )
    if (missing.length > 0)
      throw clientException(`Log driver splunk requires options: ${missing.join(', ')}`)
  }
  if (logDriver === 'awslogs') awslogs(options, task, fargate)
}

function awslogs(
  options: Readonly<Record<string, string>>,
  task: RegisterTaskDefinitionRequest,
  fargate: boolean,
): void {
  const required = [
    'awslogs-region',
    'awslogs-group',
    ...(fargate ? ['awslogs-stream-prefix'] : []),
  ]
  if (required.some((option) => !options[option]))
    throw clientException(`Log driver awslogs requires options: ${required.join(', ')}`)
  const unknown = Object.keys(options).filter((option) => !AWSLOGS_OPTIONS.has(option))
  if (unknown.length > 0)
    throw clientException(`Log driver awslogs disallows options: ${unknown.join(', ')}`)
  // ECS itself makes the group there, where the task asks for that.
  if (!isRegion(options['awslogs-region'] ?? ''))
    throw clientException("Log driver awslogs option 'awslogs-region' contains invalid characters.")
  if (options['awslogs-stream'] && options['awslogs-stream-prefix'])
    throw clientException(
      'Log driver awslogs allows only one of the options: awslogs-stream, awslogs-stream-prefix',
    )
  if (fargate && !task.executionRoleArn)
    throw clientException(
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    )
}
