import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Engine } from '../engine.ts'
import type { Host } from '../host.ts'
import { Slots } from '../slots.ts'
import { accept } from './accept.ts'
import { perform, type Tools } from './acts.ts'
import { withAttachments } from './attachments.ts'
import { containerBody } from './create.ts'
import type { KnownTask } from './task.ts'

const OWNER = { installationId: 'i-1', containerInstanceArn: 'instance', cluster: 'default' }
const DEFINITION = {
  arn: 'arn:aws:ecs:us-east-1:123456789012:task/default/7',
  desiredStatus: 'RUNNING' as const,
  cpu: 0.5,
  memory: 64,
  volumes: [{ name: 'own' }],
  containers: [{ name: 'a', image: 'i' }],
}

/** A task on a host that does what it is asked, or fails as it is told. */
function prepared(failure?: Error) {
  const known = withAttachments(
    accept(DEFINITION, 1, () => 'f00'),
    100,
  )
  const done: unknown[] = []
  const does = async (...what: unknown[]) => {
    if (failure) throw failure
    done.push(what)
  }
  const tools: Partial<Tools> = {
    engine: {
      createVolume: ({ Name }: { Name: string }) => does('create', Name),
      removeVolume: (name: string) => does('remove', name),
    } as unknown as Engine,
    host: {
      makeTaskGroup: async (id: string, limits: object) => {
        await does('make', id, limits)
        return `/ecs/${id}`
      },
      removeTaskGroup: (id: string) => does('unmake', id),
    } as unknown as Host,
    owner: OWNER,
    settings: { taskPidsLimit: 100 },
    starts: new Slots(1),
    now: () => 1000,
  }
  const act = async (
    task: KnownTask,
    type: 'attach' | 'detach',
    attachment: 'volumes' | 'group',
  ): Promise<KnownTask> => (await perform(task, { type, attachment }, tools as Tools))(task)
  return { known, done, act }
}

test('volumes and the control group of a task come and go, and containers are told of the group', async () => {
  const { known, done, act } = prepared()
  const both = await act(await act(known, 'attach', 'volumes'), 'attach', 'group')
  assert.deepEqual(done.splice(0), [
    ['create', 'ecs-task-0-own-f00'],
    ['make', '7', { vcpus: 0.5, memoryMiB: 64, pids: 100 }],
  ])
  const parentGroup = both.attachments?.group?.value
  const [container] = DEFINITION.containers
  assert.ok(container)
  const { HostConfig } = containerBody(both, container, OWNER, { parentGroup })
  assert.equal(HostConfig['CgroupParent'], '/ecs/7')
  const none = await act(await act(both, 'detach', 'group'), 'detach', 'volumes')
  assert.deepEqual(done, [
    ['unmake', '7'],
    ['remove', 'ecs-task-0-own-f00'],
  ])
  assert.deepEqual(
    Object.values(none.attachments ?? {}).map(({ status, doing }) => [status, doing]),
    [
      ['DETACHED', undefined],
      ['DETACHED', undefined],
    ],
  )
})

test('what cannot be attached says why, in the words that users read', async () => {
  const { known, act } = prepared(new Error('no such controller'))
  const { attachments } = await act(known, 'attach', 'group')
  const reason =
    "ResourceInitializationError: unable to make the task's control group: no such controller"
  assert.deepEqual([attachments?.group?.status, attachments?.group?.failure], ['NONE', reason])
  const left = await act(known, 'detach', 'group')
  assert.deepEqual(
    [left.attachments?.group?.status, left.attachments?.group?.againAt],
    ['NONE', 6000],
  )
})
