/** What the host's own tools may ask on port 51678: which container instance this is, and what runs on it. */
import type { Engine } from '../engine.ts'
import type { HttpAnswer, HttpQuestion } from '../host.ts'
import { containersOf, containerOf, type KnownTask } from '../tasks/task.ts'
import { json, text } from './answers.ts'
import { containerView } from './container-view.ts'
import { least } from './task-view.ts'

export const INTROSPECTION_PORT = 51_678

export type IntrospectionOptions = {
  readonly engine: Engine
  readonly cluster: string
  readonly containerInstanceArn: string
  /** As a person reads it. */
  readonly version: string
  readonly tasks: () => ReadonlyMap<string, KnownTask>
}

export async function introspect(
  { method, path, query }: HttpQuestion,
  options: IntrospectionOptions,
): Promise<HttpAnswer> {
  if (method !== 'GET') return text(405, 'Method Not Allowed')
  if (path === '/v1/metadata')
    return json(200, {
      Cluster: options.cluster,
      ContainerInstanceArn: options.containerInstanceArn,
      Version: options.version,
    })
  if (path === '/v1/tasks') return tasks(query, options)
  if (path === '/license') return text(200, 'Berth is under the Apache License, version 2.0.\n')
  return json(path === '/' ? 200 : 404, {
    AvailableCommands: ['/v1/metadata', '/v1/tasks', '/license'],
  })
}

async function tasks(query: URLSearchParams, options: IntrospectionOptions): Promise<HttpAnswer> {
  const [arn, dockerId] = [query.get('taskarn'), query.get('dockerid')]
  if (arn && dockerId) return json(400, {})
  const all = [...options.tasks().values()]
  if (!arn && !dockerId)
    return json(200, {
      Tasks: await Promise.all(all.map((task) => taskView(task, options.engine))),
    })
  const found = all.find((task) =>
    arn
      ? task.arn === arn
      : Object.values(task.containers).some((one) => one.dockerId?.startsWith(dockerId ?? '')),
  )
  return found ? json(200, await taskView(found, options.engine)) : json(404, {})
}

async function taskView(task: KnownTask, engine: Engine): Promise<object> {
  const containers = await Promise.all(
    containersOf(task).map(async ({ name }) => {
      const { dockerId } = containerOf(task, name)
      const seen = dockerId === undefined ? undefined : await engine.inspect(dockerId)
      return containerView('v3', task, name, seen)
    }),
  )
  return {
    Arn: task.arn,
    DesiredStatus: task.desired,
    KnownStatus: least(containers.map(({ KnownStatus }) => KnownStatus)),
    Family: task.definition.family ?? '',
    Version: task.definition.version ?? '',
    Containers: containers,
  }
}
