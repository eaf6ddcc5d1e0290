/** `berth down`: the agent and the control plane end; tasks stay unless they are asked to stop. */
import { ecsApi } from './api.ts'
import { rootKeys } from './env.ts'
import { dataDirectory } from './paths.ts'
import { endBackground, until } from './process.ts'
import { readStatus, readStatusIfRunning, type Status } from './status.ts'

/** Longer than the longest stop of a container that does not listen. */
const TASKS_END_MS = 180_000

export async function down(options: {
  readonly data?: string
  readonly tasks: boolean
}): Promise<void> {
  const data = dataDirectory(options.data)
  if (options.tasks) await stopTasks(data)
  const ended = await endAll(data)
  console.log(ended ? 'Berth has ended.' : `nothing of Berth runs on ${data}`)
}

/** True when something was running. */
export async function endAll(data: string): Promise<boolean> {
  const agent = await endBackground({ name: 'agent', data })
  const server = await endBackground({ name: 'server', data })
  return agent || server
}

async function stopTasks(data: string): Promise<void> {
  const status = await readStatusIfRunning(data)
  if (!status) return
  const { accountId, ...credentials } = rootKeys(data)
  const isOurs = ({ arn }: Status['tasks'][number]) => arn.split(':')[4] === accountId
  for (const { arn } of status.tasks.filter(isOurs)) {
    const [, , , region = '', , resource = ''] = arn.split(':')
    const api = ecsApi(status.endpoint, region, credentials)
    await api('StopTask', {
      cluster: resource.split('/')[1],
      task: arn,
      reason: 'berth down --tasks',
    })
  }
  console.log(`stopping ${status.tasks.filter(isOurs).length} tasks`)
  await until(
    async () => ((await readStatus(data)).tasks.some(isOurs) ? undefined : true),
    TASKS_END_MS,
    () => 'some tasks do not end: see `berth status`',
  )
}
