/** `berth status`: what runs. Exit code 3 when no server does. */
import { ask, askIfRunning } from './admin-client.ts'
import { dataDirectory } from './paths.ts'

export type Status = {
  readonly endpoint: string
  readonly version: string
  readonly pid: number
  readonly dataDirectory: string
  /** What the server was started with, under its options' names. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
  readonly accounts: readonly string[]
  readonly containerInstances: readonly {
    readonly arn: string
    readonly status: string
    readonly agentConnected: boolean
    readonly runningTasksCount: number
    readonly pendingTasksCount: number
  }[]
  readonly tasks: readonly {
    readonly arn: string
    readonly group: string
    readonly lastStatus: string
    readonly desiredStatus: string
  }[]
}

const NOT_RUNNING_EXIT = 3

export const readStatus = (data: string): Promise<Status> =>
  ask<Status>(data, '/status').then(whole)
export const readStatusIfRunning = (data: string): Promise<Status | undefined> =>
  askIfRunning<Status>(data, '/status').then((status) => status && whole(status))

/** A server of the release before says nothing of its settings. */
const whole = (status: Status): Status => ({ ...status, settings: status.settings ?? {} })

export async function status(options: { readonly data?: string }): Promise<void> {
  const data = dataDirectory(options.data)
  const found = await readStatusIfRunning(data)
  if (!found) {
    console.log(`no control plane runs on ${data}`)
    process.exitCode = NOT_RUNNING_EXIT
    return
  }
  console.log(`control plane   ${found.endpoint} (process ${found.pid}, version ${found.version})`)
  console.log(`data            ${found.dataDirectory}`)
  console.log(`accounts        ${found.accounts.join(', ')}`)
  for (const host of found.containerInstances)
    console.log(
      `host            ${host.arn} ${host.status}, agent ${host.agentConnected ? 'connected' : 'not connected'}, ${host.runningTasksCount} running, ${host.pendingTasksCount} pending`,
    )
  for (const task of found.tasks)
    console.log(`task            ${task.arn} ${task.group} ${task.lastStatus}`)
}
