import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AcsTask } from '#wire/task.ts'

import { accept } from './accept.ts'
import { admit } from './admission.ts'
import { change, type KnownTask } from './task.ts'

const CAPACITY = { cpu: 1024, memoryMiB: 100 }

function task(name: string, more: Partial<AcsTask>, admitted = false): KnownTask {
  const definition = { arn: name, desiredStatus: 'RUNNING' as const, ...more }
  return { ...accept(definition, 1, () => 'hex'), admitted }
}
const of = (memory: number, hostPort?: number): Partial<AcsTask> => ({
  containers: [
    {
      name: 'a',
      image: 'image',
      memory,
      ...(hostPort ? { portMappings: [{ containerPort: 80, hostPort }] } : {}),
    },
  ],
})
const ended = (known: KnownTask): KnownTask => change(known, 'a', { status: 'STOPPED' })

test('tasks begin in their order as far as there is room', () => {
  const waiting = [task('1', of(40)), task('2', of(40)), task('3', of(40)), task('4', of(1))]
  // The fourth would fit, and waits for its turn.
  assert.deepEqual(admit(waiting, waiting, CAPACITY), ['1', '2'])
})

test('what a stopping task holds is free only when it has ended', () => {
  const stopping = { ...task('old', of(80, 8080), true), desired: 'STOPPED' as const }
  const samePort = task('new', of(10, 8080))
  const large = task('large', of(30))
  assert.deepEqual(admit([samePort], [stopping, samePort], CAPACITY), [])
  assert.deepEqual(admit([large], [stopping, large], CAPACITY), [])
  assert.deepEqual(admit([samePort], [ended(stopping), samePort], CAPACITY), ['new'])
})

test('a task larger than the host does not wait for ever', () => {
  const huge = task('huge', { ...of(10), memory: 1000 })
  const running = task('small', of(1), true)
  assert.deepEqual(admit([huge], [running, huge], CAPACITY), [])
  assert.deepEqual(admit([huge], [ended(running), huge], CAPACITY), ['huge'])
})

test("a task's own limits count before its containers', a reservation before a limit", () => {
  const vcpu = task('vcpu', { ...of(1), cpu: 1 })
  const other = task('other', { ...of(1), cpu: 0.25 }, true)
  assert.deepEqual(admit([vcpu], [other, vcpu], CAPACITY), [])
  const soft = task('soft', {
    containers: [
      {
        name: 'a',
        image: 'image',
        memory: 1000,
        dockerConfig: { hostConfig: JSON.stringify({ MemoryReservation: 10 * 1024 * 1024 }) },
      },
    ],
  })
  const small = task('small', of(50), true)
  assert.deepEqual(admit([soft], [small, soft], CAPACITY), ['soft'])
})

test('an adopted task holds what it holds only while something of it runs', () => {
  const adopted = { ...task('old', of(80), true), adopted: true }
  const large = task('large', of(30))
  assert.deepEqual(admit([large], [adopted, large], CAPACITY), ['large'])
  const alive = change(adopted, 'a', { status: 'RUNNING' })
  assert.deepEqual(admit([large], [alive, large], CAPACITY), [])
  assert.deepEqual(admit([large], [{ ...adopted, adopted: false }, large], CAPACITY), [])
})
