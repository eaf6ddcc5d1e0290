import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { PlacementStrategy } from '#contract/ecs.ts'

import { type Placed, scaleInOrder } from './scale-in.ts'

/** `zone/host/n` is a task on a host of a zone; hosts have as much left as they are told. */
const placed = (id: string, left = 0): Placed => {
  const [zone = '', host = ''] = id.split('/')
  return {
    id,
    valueOf: (field) => (field === 'attribute:ecs.availability-zone' ? zone : host),
    remaining: () => left,
  }
}
const names = (tasks: readonly Placed[]): string[] => tasks.map(({ id }) => id)
const first = (tasks: readonly Placed[], strategies: readonly PlacementStrategy[] = []) =>
  names(scaleInOrder(tasks, tasks, strategies))[0]

test('without a strategy the fullest zone gives first, and in it the fullest host', () => {
  const tasks = ['a/h1/1', 'a/h2/1', 'a/h2/2', 'b/h3/1', 'b/h3/2'].map((id) => placed(id))
  assert.equal(first(tasks), 'a/h2/1')
  const order = names(scaleInOrder(tasks, tasks, []))
  const zones = order.map((id) => id[0]).join('')
  assert.match(zones, /^a(ab|ba)(ab|ba)$/, 'what is left is even at every step')
})

test('tasks that cannot go count for the spread too', () => {
  const protectedOnes = ['a/h1/1', 'a/h1/2', 'a/h1/3'].map((id) => placed(id))
  const candidates = ['a/h2/1', 'b/h3/1', 'b/h3/2'].map((id) => placed(id))
  const order = scaleInOrder(candidates, [...protectedOnes, ...candidates], [])
  assert.equal(names(order)[0], 'a/h2/1')
})

test('packed services empty the host that is nearest to being empty', () => {
  const tasks = [placed('a/h1/1', 100), placed('a/h2/1', 900), placed('a/h3/1', 500)]
  const strategies: PlacementStrategy[] = [{ type: 'binpack', field: 'memory' }]
  assert.deepEqual(names(scaleInOrder(tasks, tasks, strategies)), ['a/h2/1', 'a/h3/1', 'a/h1/1'])
})

test('later strategies decide between what is equal to earlier ones', () => {
  const tasks = [placed('a/h1/1', 100), placed('a/h2/1', 900), placed('b/h3/1', 500)]
  const strategies: PlacementStrategy[] = [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'binpack', field: 'cpu' },
  ]
  assert.equal(first(tasks, strategies), 'a/h2/1')
})
