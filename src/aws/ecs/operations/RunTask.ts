import type { Failure, RunTaskRequest, RunTaskResponse } from '#contract/ecs.ts'
import { Fault } from '#kernel/fault.ts'
import { canonicalJson, fingerprint } from '#kernel/fingerprint.ts'
import type { Context, Operation } from '#room/operation.ts'
import type { Read, Write } from '#store/store.ts'

import { theDefinition } from '../access.ts'
import { RUN_TASK_MAX } from '../limits.ts'
import {
  activeCluster,
  clusterKey,
  idIn,
  invalidParameter,
  taskArn,
  taskKey,
} from '../names/names.ts'
import { type Cluster, clientTokens, type Task, tasks } from '../records/records.ts'
import { placing } from '../scheduler/cluster-hosts.ts'
import type { Refusal } from '../scheduler/place.ts'
import { placementStrategies } from '../scheduler/request.ts'
import { together } from '../tasks/change.ts'
import { checkedLaunch } from '../tasks/launch-request.ts'
import { launch } from '../tasks/launch.ts'
import { toTask } from '../tasks/view.ts'

const TOKEN = /^[!-~]{1,64}$/

export const RunTask: Operation<RunTaskRequest, RunTaskResponse> = {
  access: (tx, input, context) => theDefinition(tx, input, context, 'RunTask'),
  run(tx, input, context) {
    const { caller } = context
    const cluster = activeCluster(tx, caller, input.cluster)
    const { count = 1 } = input
    if (count < 1 || count > RUN_TASK_MAX)
      throw invalidParameter(`Count must be between 1 and ${RUN_TASK_MAX}.`)
    const token = tokenOf(tx, cluster, input, context)
    if (token?.tasks) return { tasks: token.tasks.map(withTags), failures: [] }
    const answer = start(tx, cluster, count, input, context)
    // A token that started nothing is not spent: the same request may find room when it comes again.
    if (token && answer.started.length > 0)
      tx.put(clientTokens, token.key, {
        requestHash: token.hash,
        taskArns: answer.started.map(taskArn),
        at: context.now,
      })
    return { tasks: answer.started.map(withTags), failures: answer.failures }
  },
}

const withTags = (task: Task) => ({ ...toTask(task), tags: task.tags })

type Token = {
  readonly key: string
  readonly hash: string
  readonly tasks: readonly Task[] | undefined
}

/** What is known of the request's client token: the tasks that the same request has started before. */
function tokenOf(
  tx: Read,
  cluster: Cluster,
  input: RunTaskRequest,
  { caller }: Context,
): Token | undefined {
  const { clientToken, ...request } = input
  if (clientToken === undefined) return undefined
  if (!TOKEN.test(clientToken))
    throw invalidParameter('clientToken must be 1 to 64 characters of ASCII 33-126.')
  const key = `${clusterKey(cluster, cluster.clusterName)}/${clientToken}`
  const hash = fingerprint(canonicalJson(request))
  const before = tx.get(clientTokens, key)
  if (!before) return { key, hash, tasks: undefined }
  if (before.requestHash !== hash)
    throw new Fault(
      'ConflictException',
      'The request could not be processed because the client token was used with a different request.',
      400,
      { resourceIds: before.taskArns },
    )
  const started = before.taskArns.flatMap((arn) => {
    const id = idIn(caller, cluster.clusterName, arn, 'task')
    const task = id && tx.get(tasks, taskKey(caller, cluster.clusterName, id))
    return task ? [task] : []
  })
  return { key, hash, tasks: started }
}

function start(
  tx: Write,
  cluster: Cluster,
  count: number,
  input: RunTaskRequest,
  context: Context,
): { readonly started: readonly Task[]; readonly failures: readonly Failure[] } {
  const what = checkedLaunch(tx, cluster, input, context)
  const placer = placing(
    tx,
    cluster,
    {
      need: what.need,
      fromDefinition: what.definition.placementConstraints,
      fromRequest: input.placementConstraints,
      strategies: placementStrategies(input.placementStrategy),
    },
    () => context.ids.random(),
  )
  const started: Task[] = []
  let refusals: readonly Refusal[] = []
  together(tx, (all) => {
    while (started.length < count) {
      const host = placer.best()
      if (!host) {
        refusals = placer.refusals()
        if (refusals.length === 0)
          throw invalidParameter('No Container Instances were found in your cluster.')
        break
      }
      started.push(launch(all, what, host.instance, context))
    }
  })
  return {
    started,
    failures: refusals.map(({ arn, reason, detail }) => ({
      arn,
      reason,
      ...(detail && { detail }),
    })),
  }
}
