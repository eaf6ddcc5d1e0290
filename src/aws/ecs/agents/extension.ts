/**
 * Berth's own part of the conversation with a host: state changes in batches, health at once, and topics. What it does
 * is what the plain protocol does, by the same functions; only the way is shorter.
 */
import { Fault } from '#kernel/fault.ts'
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Tools } from '#room/room.ts'
import type { StateChange, Topic } from '#wire/extension.ts'

import { containerInstanceArn } from '../names.ts'
import type { ContainerInstance } from '../records.ts'
import { applyReport } from '../tasks/report.ts'
import { reportedTask } from '../tasks/reported-task.ts'

/** As an answer says it: without a code the change was taken. */
export type Result = { readonly code?: string; readonly message?: string }

const ACTION = 'ecs:SubmitTaskStateChange'

/** Each change by itself, as if it had come by a call of its own. Resolves once all that were taken are durable. */
export async function takeStateChanges(
  tools: Tools,
  caller: Caller,
  changes: readonly StateChange[],
): Promise<readonly Result[]> {
  const results = changes.map((change) => takeOne(tools, caller, change))
  await tools.store.settled(tools.store.revision)
  return results
}

function takeOne(
  { store, clock, ids, authorize }: Tools,
  caller: Caller,
  change: StateChange,
): Result {
  try {
    store.transact((tx) => {
      const task = reportedTask(tx, caller, change)
      const resources = [containerInstanceArn(task)]
      const request = { action: ACTION, resources, conditions: {}, agentFacing: true }
      const verdict = authorize(caller, request)
      if (!verdict.allowed) throw new Fault('AccessDeniedException', verdict.message)
      const moment = { now: clock.now(), id: ids.uuid() }
      applyReport(tx, task, { ...change, ...instants(change) }, moment)
    })
    return {}
  } catch (error) {
    // Anything but a refusal is our own mistake, and ends the connection.
    if (!(error instanceof Fault)) throw error
    return { code: error.code, message: error.message }
  }
}

const instants = ({ pullStartedAt, pullStoppedAt, executionStoppedAt }: StateChange) => ({
  pullStartedAt: instant(pullStartedAt),
  pullStoppedAt: instant(pullStoppedAt),
  executionStoppedAt: instant(executionStoppedAt),
})

const instant = (seconds: number | undefined): Date | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000)

export type TopicNow = Topic & { readonly content: object }

/** What every host is told of itself without having asked: each topic is one value, whole and with its revision. */
export function topicsOf(instance: ContainerInstance): readonly TopicNow[] {
  const { status, tags } = instance
  const content = {
    status,
    tags: tags.map(({ key = '', value = '' }) => ({ key, value })),
  }
  return [{ name: 'container-instance', revision: fingerprint(canonicalJson(content)), content }]
}
