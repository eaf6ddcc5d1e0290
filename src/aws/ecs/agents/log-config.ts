/** Docker's LogConfig of a container. Only awslogs is more than its options. */
import type { Task } from '../records/records.ts'
import type { Container } from './translate-container.ts'

type LogConfig = {
  readonly Type: string | undefined
  readonly Config: Readonly<Record<string, string>>
}

/**
 * The stream's name is ECS's to make, `prefix/container/task`: Docker's driver does not know the prefix. Its endpoint
 * is this server, unless the task definition says another: otherwise the driver would ask AWS itself.
 */
export function logConfig(
  { name, logConfiguration }: Container,
  task: Task,
  endpoint: string,
): { readonly LogConfig?: LogConfig } {
  if (!logConfiguration) return {}
  const { logDriver: Type, options = {} } = logConfiguration
  if (Type !== 'awslogs') return { LogConfig: { Type, Config: options } }
  const { 'awslogs-stream-prefix': prefix, ...rest } = options
  const stream = prefix && { 'awslogs-stream': `${prefix}/${name}/${task.taskId}` }
  return { LogConfig: { Type, Config: { 'awslogs-endpoint': endpoint, ...rest, ...stream } } }
}
