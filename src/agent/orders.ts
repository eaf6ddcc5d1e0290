/** What the control plane orders over ACS: tasks to run and to stop, the manifest of all that should run, credentials. */
import type { Log } from '#kernel/log.ts'
import type { AcsTaskIdentity, PayloadReceived, TaskManifest } from '#wire/acs.ts'
import { type AcsRoleCredentials, readTask } from '#wire/task.ts'

import type { AcsOrders } from './acs.ts'
import type { CredentialStore } from './metadata/credentials.ts'
import type { TaskRunner } from './tasks/runner.ts'
import { isStopped } from './tasks/task.ts'

export type OrdersOptions = {
  readonly runner: TaskRunner
  readonly credentials: CredentialStore
  /** Of the newest manifest that was acted on. */
  readonly timeline: number
  readonly log: Log
  /** Resolves once the agent's state is durable as it is now. */
  readonly save: () => Promise<void>
}

export class Orders implements AcsOrders {
  readonly #options: OrdersOptions
  #timeline: number
  /** What the last manifest did not have, and the control plane has been asked about. */
  #candidates: { readonly messageId: string; readonly arns: ReadonlySet<string> } | undefined

  constructor(options: OrdersOptions) {
    this.#options = options
    this.#timeline = options.timeline
  }

  get timeline(): number {
    return this.#timeline
  }

  async payload({ tasks = [], seqNum = 0 }: PayloadReceived) {
    const { runner, credentials, save } = this.#options
    let sound = true
    const read = tasks.flatMap((task) => {
      try {
        return [readTask(task, 'task')]
      } catch (error) {
        sound = false
        const arn = (task as { arn?: unknown } | null)?.arn
        if (typeof arn === 'string') runner.refuse(arn, seqNum, (error as Error).message)
        return []
      }
    })
    // What stops makes room for what starts.
    const stops = read.filter(({ desiredStatus }) => desiredStatus === 'STOPPED')
    const starts = read.filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
    for (const task of [...stops, ...starts]) {
      sound = runner.receive(task, seqNum) && sound
      if (task.roleCredentials && runner.tasks.has(task.arn)) credentials.put(task.roleCredentials)
    }
    await save()
    const brought = starts.flatMap(({ roleCredentials, executionRoleCredentials }) =>
      [roleCredentials, executionRoleCredentials].filter((one) => one !== undefined),
    )
    return { sound, credentials: brought }
  }

  async manifest(manifest: TaskManifest): Promise<readonly AcsTaskIdentity[] | undefined> {
    const { runner, save, log } = this.#options
    if (manifest.timeline <= this.#timeline) return undefined
    this.#timeline = manifest.timeline
    // Of what it leaves out the control plane is asked before it is stopped, so one that is taken twice does no harm; one
    // that a full disk kept from being taken would not be said again for as long as the connection lasts.
    await save().catch((error: unknown) => log.error('cannot save', { error: String(error) }))
    const listed = new Set(
      manifest.tasks
        .filter(({ desiredStatus }) => desiredStatus !== 'STOPPED')
        .map(({ taskArn }) => taskArn),
    )
    // A task that a later payload brought is not missing from this manifest: it is newer.
    const candidates = [...runner.tasks.values()].filter(
      (task) =>
        task.desired === 'RUNNING' &&
        !isStopped(task) &&
        !listed.has(task.arn) &&
        task.seqNum <= manifest.timeline,
    )
    const arns = new Set(candidates.map(({ arn }) => arn))
    this.#candidates = { messageId: manifest.messageId, arns }
    return candidates.map(({ arn, definition }) => ({
      taskArn: arn,
      taskClusterArn: definition.taskClusterArn ?? manifest.clusterArn,
      desiredStatus: 'STOPPED',
    }))
  }

  /** Stops only what was asked about and is named in the answer. */
  stopVerified(messageId: string, tasks: readonly AcsTaskIdentity[]): void {
    if (this.#candidates?.messageId !== messageId) return
    const { arns } = this.#candidates
    this.#candidates = undefined
    for (const { taskArn } of tasks) if (arns.has(taskArn)) this.#options.runner.stopTask(taskArn)
  }

  credentials(arn: string, credentials: AcsRoleCredentials): boolean {
    const task = this.#options.runner.tasks.get(arn)
    const known = task?.credentialsId === credentials.credentialsId && !isStopped(task)
    if (known) this.#options.credentials.put(credentials)
    return known
  }
}
