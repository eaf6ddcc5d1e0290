import type { Failure, RunTaskRequest, RunTaskResponse } from '#contract/ecs.ts'
import type { Caller } from '#kernel/principal.ts'
import type { Context, Operation } from '#room/operation.ts'
import type { Read, Write } from '#store/store.ts'

import { theDefinition } from '../access.ts'
import { RUN_TASK_MAX } from '../limits.ts'
import {
  activeCluster,
  checkWhole,
  clusterKey,
  fault,
  invalidParameter,
  malformedToken,
  taskArn,
  taskArns,
  taskKey,
} from '../names/names.ts'
import { clientTokens, type Cluster, type Made, type Task, tasks } from '../records/records.ts'
import { placing } from '../scheduler/cluster-hosts.ts'
import type { Refusal } from '../scheduler/place.ts'
import { placementStrategies } from '../scheduler/request.ts'
import { together } from '../tasks/change.ts'
import { checkedLaunch } from '../tasks/launch-request.ts'
import { launch } from '../tasks/launch.ts'
import { toTask } from '../tasks/view.ts'

const TOKEN_MAX = 64

export const RunTask: Operation<RunTaskRequest, RunTaskResponse> = {
  access: (tx, input, context) => theDefinition(tx, input, context, 'RunTask'),
  run(tx, input, context) {
    const { caller } = context
    const cluster = activeCluster(tx, caller, input.cluster)
    const { count = 1 } = input
    checkWhole('Count', count, 1, RUN_TASK_MAX)
    const token = tokenOf(tx, cluster, input, context)
    if (token.made)
      return { tasks: remembered(tx, caller, token.made.taskArns).map(withTags), failures: [] }
    const answer = start(tx, cluster, count, input, context)
    // A token that started nothing is not spent: the same request may find room when it comes again.
    if (answer.started.length > 0) token.remember({ taskArns: answer.started.map(taskArn) })
    return { tasks: answer.started.map(withTags), failures: answer.failures }
  },
}

const withTags = (task: Task) => ({ ...toTask(task), tags: task.tags })

/** What the same request has started before. */
function tokenOf(
  tx: Write,
  cluster: Cluster,
  { clientToken: token, ...asks }: RunTaskRequest,
  { now }: Context,
) {
  const within = clusterKey(cluster, cluster.clusterName)
  return clientTokens.of(
    tx,
    { token, within, asks, now },
    { max: TOKEN_MAX, malformed: malformedToken, conflict },
  )
}

const conflict = (made: Made) =>
  fault<'RunTask'>(
    'ConflictException',
    'The request could not be processed because the client token was used with a different request.',
    400,
    { resourceIds: made.taskArns },
  )

const remembered = (tx: Read, caller: Caller, arns: readonly string[]): readonly Task[] =>
  arns.flatMap((arn) => {
    const named = taskArns.read(arn, caller)
    const task = named && tx.get(tasks, taskKey(caller, named.clusterName, named.taskId))
    return task ? [task] : []
  })

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
