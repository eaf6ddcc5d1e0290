/** `berth down`: the agent and the control plane end; tasks stay unless they are asked to stop. */
import { DockerEngine } from '#agent/docker/docker.ts'
import { Slots } from '#agent/slots.ts'
import { LABELS } from '#agent/tasks/create.ts'
import { installationId } from '#server/data.ts'
import { systemClock } from '#system/system.ts'

import { readKeys } from './account.ts'
import { ask } from './admin-client.ts'
import { ecsApi } from './api.ts'
import { called } from './called.ts'
import { agentsSocket, dockerSocket } from './docker-socket.ts'
import { dataDirectory } from './paths.ts'
import { endBackground, endProcess, until } from './process.ts'
import { readStatus, readStatusIfRunning, type Status } from './status.ts'
import { trust } from './trust.ts'
import { UserError } from './user-error.ts'

/** Longer than the longest stop of a container that does not listen. */
const TASKS_END_MS = 180_000
/** For asking each of them to stop. */
const STOPS_MS = 60_000
/** For a container whose task nobody knows any more. */
const STOP_SECONDS = 10
const REMOVED_AT_ONCE = 4

export async function down(options: {
  readonly data?: string
  readonly tasks: boolean
}): Promise<void> {
  const data = dataDirectory(options.data)
  const socket = options.tasks ? (agentsSocket(data) ?? dockerSocket()) : undefined
  if (options.tasks) await stopTasks(data)
  const ended = await endAll(data)
  if (socket !== undefined) await removeMade(data, socket)
  console.log(ended ? 'Berth has ended.' : `nothing of Berth runs on ${data}`)
}

/** True when something was running. */
async function endAll(data: string): Promise<boolean> {
  const agent = await endBackground({ name: 'agent', data })
  const what = { name: 'server', data }
  const server = await endBackground(what)
  // One that was started by hand may have named its data in another way; it still says who it is.
  const byHand = await readStatusIfRunning(data)
  if (byHand) await endProcess(byHand.pid, what)
  return agent || server || byHand !== undefined
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

/**
 * What this host's agent has made, containers and the volumes of single tasks, goes with its tasks: what ended is
 * cleaned up by nobody once the agent is gone, and what ran for a container instance that was deregistered is nobody's
 * task any more.
 */
async function removeMade(data: string, socketPath: string): Promise<void> {
  const engine = new DockerEngine({ socketPath, clock: systemClock })
  try {
    const ours = { [LABELS.installation]: installationId(data) }
    const { found, silent } = await engine.list(ours, [])
    const left = [...found, ...silent]
    if (left.length > 0)
      console.log(`removing ${left.length} ${left.length === 1 ? 'container' : 'containers'}`)
    const slots = new Slots(REMOVED_AT_ONCE)
    await Promise.all(
      left.map(({ id }) =>
        slots.run(async () => {
          await engine.stop(id, STOP_SECONDS)
          await engine.remove(id)
        }),
      ),
    )
    for (const volume of await engine.volumes(ours)) await engine.removeVolume(volume)
  } catch (error) {
    throw new UserError(`not all containers and volumes are gone: ${(error as Error).message}`)
  } finally {
    engine.close()
  }
}

async function stopEach(data: string): Promise<void> {
  const status = await readStatus(data)
  trust(status.endpoint, undefined, status.settings)
  const { accountId, ...credentials } = await readKeys(data)
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
    () => `some tasks do not end: see \`${called('status')}\``,
  )
}
