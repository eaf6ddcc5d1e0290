/** `berth down`: the agent and the control plane end; tasks stay unless they are asked to stop. */
import { ask } from './admin-client.ts'
import { ecsApi } from './api.ts'
import { rootKeys } from './env.ts'
import { dataDirectory } from './paths.ts'
import { endBackground, until } from './process.ts'
import { readStatus, readStatusIfRunning, type Status } from './status.ts'

/** Longer than the longest stop of a container that does not listen. */
const TASKS_END_MS = 180_000
/** For asking each of them to stop. */
const STOPS_MS = 60_000

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

/** Services would start others in their place, so they are halted meanwhile. */
async function stopTasks(data: string): Promise<void> {
  if (!(await readStatusIfRunning(data))) return
  await ask(data, '/services/halt', { ms: TASKS_END_MS + STOPS_MS })
  try {
    await stopEach(data)
  } catch (error) {
    await ask(data, '/services/halt', { ms: 0 })
    throw error
  }
}

async function stopEach(data: string): Promise<void> {
  const status = await readStatus(data)
  const { accountId, ...credentials } = rootKeys(data)
  const isOurs = ({ arn }: Status['tasks'][number]) => arn.split(':')[4] === accountId
  const ours = status.tasks.filter(isOurs)
  console.log(`stopping ${ours.length} ${ours.length === 1 ? 'task' : 'tasks'}`)
  for (const { arn } of ours) {
    const [, , , region = '', , resource = ''] = arn.split(':')
    const api = ecsApi(status.endpoint, region, credentials)
    await api('StopTask', {
      cluster: resource.split('/')[1],
      task: arn,
      reason: 'berth down --tasks',
    })
  }
  await until(
    async () => ((await readStatus(data)).tasks.some(isOurs) ? undefined : true),
    TASKS_END_MS,
    () => 'some tasks do not end: see `berth status`',
  )
}
