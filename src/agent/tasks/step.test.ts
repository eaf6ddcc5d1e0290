import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { AcsContainer } from '#wire/task.ts'

import { accept } from './accept.ts'
import { changeAttachment, withAttachments } from './attachments.ts'
import { PAUSE_NAME } from './pause.ts'
import { nextReport, reported } from './report.ts'
import { step, type Act } from './step.ts'
import { change, containerOf, isStopped, rank, type KnownTask } from './task.ts'

const NOW = 1_000_000

function task(containers: readonly (Partial<AcsContainer> & { name: string })[]): KnownTask {
  const definition = {
    arn: 'arn:aws:ecs:us-east-1:123456789012:task/default/1',
    desiredStatus: 'RUNNING' as const,
    containers: containers.map((container) => ({ image: 'image', ...container })),
  }
  return { ...accept(definition, 1, () => 'hex'), admitted: true }
}

function acts(known: KnownTask, now = NOW): string[] {
  return step(known, now).acts.map(
    (act) => `${act.type} ${'container' in act ? act.container : act.attachment}`,
  )
}

function running(known: KnownTask, name: string, startedAt = NOW): KnownTask {
  return change(known, name, { status: 'RUNNING', dockerId: `id-${name}`, startedAt })
}

function exited(known: KnownTask, name: string, exitCode: number): KnownTask {
  const started = running(known, name)
  return change(started, name, { status: 'STOPPED', exitCode, finishedAt: NOW })
}

test('a container is pulled, created and started', () => {
  const fresh = task([{ name: 'a' }])
  assert.deepEqual(acts(fresh), ['pull a'])
  assert.deepEqual(acts(change(fresh, 'a', { status: 'PULLED' })), ['create a'])
  assert.deepEqual(acts(change(fresh, 'a', { status: 'CREATED', dockerId: 'id' })), ['start a'])
  assert.deepEqual(acts(running(fresh, 'a')), [])
})

test('nothing is done twice', () => {
  const { task: pulling } = step(task([{ name: 'a' }]), NOW)
  assert.deepEqual(acts(pulling), [])
})

test('each condition opens its gate', () => {
  const cases: readonly [AcsContainer['dependsOn'], (known: KnownTask) => KnownTask, boolean][] = [
    [on('START'), (known) => known, false],
    [on('START'), (known) => running(known, 'dep'), true],
    [on('START'), (known) => exited(known, 'dep', 1), true],
    [on('COMPLETE'), (known) => running(known, 'dep'), false],
    [on('COMPLETE'), (known) => exited(known, 'dep', 1), true],
    [on('SUCCESS'), (known) => exited(known, 'dep', 0), true],
    [on('HEALTHY'), (known) => running(known, 'dep'), false],
    [on('HEALTHY'), (known) => change(running(known, 'dep'), 'dep', { health: HEALTHY }), true],
  ]
  for (const [dependsOn, past, open] of cases) {
    const known = past(
      task([
        { name: 'dep', essential: false },
        { name: 'app', dependsOn },
      ]),
    )
    assert.equal(acts(known).includes('pull app'), open, JSON.stringify(dependsOn))
  }
})

const HEALTHY = { status: 'HEALTHY', since: NOW, output: '' } as const
function on(condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY') {
  return [{ containerName: 'dep', condition }]
}

test('links wait for a start, volumes of another container for its creation', () => {
  const linked = task([{ name: 'dep' }, { name: 'app', links: ['dep:db'] }])
  assert.deepEqual(acts(change(linked, 'dep', { status: 'CREATED', dockerId: 'id' })), [
    'start dep',
  ])
  const mounted = task([
    { name: 'dep' },
    { name: 'app', volumesFrom: [{ sourceContainer: 'dep' }] },
  ])
  assert.deepEqual(acts(change(mounted, 'dep', { status: 'CREATED', dockerId: 'id' })), [
    'start dep',
    'pull app',
  ])
})

test('a dependency that fails for good stops the task', () => {
  const known = exited(
    task([
      { name: 'dep', essential: false },
      { name: 'app', dependsOn: on('SUCCESS') },
    ]),
    'dep',
    3,
  )
  const { task: after } = step(known, NOW)
  assert.equal(after.desired, 'STOPPED')
  const { reason, exitCode } = containerOf(after, 'app')
  assert.equal(
    reason,
    'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [dep(image) (STOPPED->RUNNING) - Exit: 3] for target [app(image) (NONE->RUNNING)] as dependency did not exit successfully.',
  )
  assert.equal(exitCode, 143)
})

test("what never comes of a dependency is told in the words of Amazon's agent", () => {
  const never = 'CannotStartContainerError: dependency graph: failed to resolve'
  const target = 'for target [app(image) (NONE->RUNNING)]'
  for (const [condition, past, reason] of [
    [
      'START',
      (known: KnownTask) => change(known, 'dep', { status: 'STOPPED' }),
      `${never} container ordering dependency [dep(image) (STOPPED->STOPPED)] ${target} because dependency will never start`,
    ],
    [
      'HEALTHY',
      (known: KnownTask) => exited(known, 'dep', 0),
      `${never} the container ordering dependency [dep(image) (STOPPED->RUNNING) - Exit: 0] ${target}`,
    ],
  ] as const) {
    const fresh = task([
      { name: 'dep', essential: false },
      { name: 'app', dependsOn: on(condition) },
    ])
    assert.equal(containerOf(step(past(fresh), NOW).task, 'app').reason, reason)
  }
})

test("a dependency's start timeout is awaited, and then ends the task", () => {
  const known = running(
    task([
      { name: 'dep', startTimeout: 10 },
      { name: 'app', dependsOn: on('HEALTHY') },
    ]),
    'dep',
  )
  assert.equal(step(known, NOW).wakeAt, NOW + 10_000)
  const { task: after, acts: next } = step(known, NOW + 10_000)
  assert.equal(
    containerOf(after, 'app').reason,
    'CannotStartContainerError: dependency graph: container ordering dependency [dep(image) (RUNNING->RUNNING)] for target [app(image) (NONE->RUNNING)] has timed out.',
  )
  assert.equal(containerOf(after, 'app').exitCode, 143)
  assert.deepEqual(next, [{ type: 'stop', container: 'dep' }])
})

test('containers stop in the reverse order of their dependencies', () => {
  const known = task([{ name: 'dep' }, { name: 'app', dependsOn: on('START') }])
  const both = { ...running(running(known, 'dep'), 'app'), desired: 'STOPPED' as const }
  assert.deepEqual(acts(both), ['stop app'])
  assert.deepEqual(acts(exited(both, 'app', 0)), ['stop dep'])
})

test('surprise 16: HEALTHY waits for ever, unless the other container has a start timeout', () => {
  const unhealthy = { status: 'UNHEALTHY', since: NOW, output: '' } as const
  const pair = (startTimeout?: number) =>
    change(
      running(
        task([
          { name: 'dep', essential: false, ...(startTimeout ? { startTimeout } : {}) },
          { name: 'app', dependsOn: on('HEALTHY') },
        ]),
        'dep',
      ),
      'dep',
      { health: unhealthy },
    )
  assert.deepEqual(acts(pair(), NOW + 1e9), [])
  assert.deepEqual(acts(pair(10), NOW + 9_999), [])
  assert.equal(step(pair(10), NOW + 10_000).task.desired, 'STOPPED')
})

test('surprise 17: a task without an essential container ends when all of its containers have', () => {
  const pair = task([
    { name: 'a', essential: false },
    { name: 'b', essential: false },
  ])
  const half = step(exited(running(pair, 'b'), 'a', 0), NOW).task
  assert.equal(half.desired, 'RUNNING')
  assert.equal(step(exited(half, 'b', 1), NOW).task.desired, 'STOPPED')
})

test('an essential exit stops the rest; another exit changes nothing', () => {
  const pair = task([{ name: 'app' }, { name: 'side', essential: false }])
  const both = running(running(pair, 'app'), 'side')
  assert.deepEqual(acts(exited(both, 'app', 1)), ['stop side'])
  assert.deepEqual(acts(exited(both, 'side', 1)), [])
})

test('what was created and never ran is removed', () => {
  const created = change(task([{ name: 'a' }]), 'a', { status: 'CREATED', dockerId: 'id' })
  const failed = change(created, 'a', {
    status: 'STOPPED',
    reason: 'CannotStartContainerError: no',
  })
  assert.deepEqual(acts(failed), ['remove a'])
  assert.equal(nextReport(step(failed, NOW).task)?.status, 'STOPPED')
})

test('a pause container that cannot be made is told as the reason of its task', () => {
  const { arn, definition } = task([{ name: 'a' }])
  const shared = { ...accept({ ...definition, pidMode: 'task' }, 1, () => 'hex'), admitted: true }
  const reason = 'CannotCreateContainerError: no'
  const failed = change(shared, PAUSE_NAME, { status: 'STOPPED', reason })
  const report = nextReport(step(failed, NOW).task)
  assert.deepEqual([report?.task, report?.status, report?.reason], [arn, 'STOPPED', reason])
  assert.deepEqual(
    report?.containers?.map(({ containerName }) => containerName),
    ['a'],
  )
})

test('a quick task is told to have run before it is told to have stopped', () => {
  let known = step(exited(task([{ name: 'a' }]), 'a', 5), NOW).task
  const first = nextReport(known)
  assert.deepEqual([first?.status, first?.containers?.[0]?.exitCode], ['RUNNING', 5])
  assert.ok(first)
  known = reported(known, first)
  const second = nextReport(known)
  assert.deepEqual([second?.status, second?.containers?.[0]?.status], ['STOPPED', 'STOPPED'])
  assert.ok(second)
  assert.equal(nextReport(reported(known, second)), undefined)
})

test('an exit code that was told never changes', () => {
  const once = exited(task([{ name: 'a' }]), 'a', 5)
  assert.equal(containerOf(change(once, 'a', { exitCode: 0 }), 'a').exitCode, 5)
})

/** The task with a control group and a volume of its own. */
function limited(plain: KnownTask): KnownTask {
  const definition = { ...plain.definition, memory: 64, volumes: [{ name: 'own' }] }
  return withAttachments({ ...plain, definition }, undefined)
}
const isAttached = ({ attachments = {} }: KnownTask): boolean =>
  Object.values(attachments).every(({ status }) => status === 'ATTACHED')
const attached = (known: KnownTask, name: 'group' | 'volumes'): KnownTask =>
  changeAttachment(known, name, { status: 'ATTACHED', doing: undefined })

test('what a task needs is attached once, before its first container is created, and while others are pulled', () => {
  const fresh = limited(task([{ name: 'a' }, { name: 'b' }]))
  assert.deepEqual(acts(fresh), ['pull a', 'pull b'])
  const pulled = change(fresh, 'a', { status: 'PULLED' })
  assert.deepEqual(acts(pulled), ['attach volumes', 'attach group', 'pull b'])
  const { task: attaching } = step(change(pulled, 'b', { status: 'PULLED' }), NOW)
  assert.deepEqual(acts(attaching), [], 'both wait, and nothing is attached twice')
  const half = attached(attaching, 'volumes')
  assert.deepEqual(acts(half), [])
  assert.deepEqual(acts(attached(half, 'group')), ['create a', 'create b'])
})

test('what cannot be attached fails each container that would be created, with its reason', () => {
  const fresh = limited(
    task([
      { name: 'a', essential: false },
      { name: 'b', essential: false },
      { name: 'c', dependsOn: [{ containerName: 'a', condition: 'START' }] },
    ]),
  )
  const pulled = change(change(fresh, 'a', { status: 'PULLED' }), 'b', { status: 'PULLED' })
  const failed = changeAttachment(pulled, 'volumes', { failure: 'no room' })
  const { task: after, acts: next } = step(failed, NOW)
  assert.deepEqual(
    next.map(({ type }) => type),
    ['remove', 'remove'],
  )
  assert.equal(containerOf(after, 'a').failure, 'no room')
  assert.equal(containerOf(after, 'c').failure, undefined)
})

test('a task is detached once all its containers have stopped, again and again until that is done', () => {
  const both = limited(task([{ name: 'a' }, { name: 'b' }]))
  const one = exited(running(attached(attached(both, 'group'), 'volumes'), 'b'), 'a', 0)
  assert.deepEqual(acts(one), ['stop b'])
  const all = exited(one, 'b', 0)
  assert.deepEqual(acts(all), ['detach group'], 'containers that are still there hold the volumes')
  assert.deepEqual(acts(step(all, NOW).task), [])
  const failed = changeAttachment(all, 'group', { againAt: NOW + 5 })
  assert.deepEqual([step(failed, NOW).acts, step(failed, NOW).wakeAt], [[], NOW + 5])
  assert.deepEqual(acts(failed, NOW + 5), ['detach group'])
  assert.deepEqual(acts(changeAttachment(all, 'group', { status: 'DETACHED' })), [])
  assert.deepEqual(acts({ ...all, admitted: false }), [], 'one that was never let in has nothing')
})

test('an agent that comes back attaches anew before it creates, and detaches what is over once', () => {
  const known = limited(task([{ name: 'a' }]))
  const done = withAttachments(attached(attached(known, 'group'), 'volumes'), undefined)
  assert.deepEqual(done.attachments, { volumes: { status: 'NONE' }, group: { status: 'NONE' } })
  const over = changeAttachment(known, 'group', { status: 'DETACHED' })
  assert.equal(withAttachments(over, undefined).attachments?.group?.status, 'DETACHED')
  const ofHost = {
    ...known.definition,
    memory: undefined,
    volumes: [{ name: 'h', host: { sourcePath: '/h' } }],
  }
  const plain = { ...known, definition: ofHost, attachments: undefined }
  assert.equal(withAttachments(plain, undefined).attachments, undefined)
  assert.deepEqual(Object.keys(withAttachments(plain, 100).attachments ?? {}), ['group'])
})

const NAMES = ['a', 'b', 'c', 'd'] as const
/** Dependencies go to earlier names only, so there is no circle. */
const tasks = fc
  .tuple(...NAMES.map((name, index) => containers(name, NAMES.slice(0, index))))
  .map((list) =>
    task(
      list.map((container, index) => (index === 0 ? { ...container, essential: true } : container)),
    ),
  )
  .chain((plain) => fc.constantFrom(plain, limited(plain)))

function containers(name: string, earlier: readonly string[]) {
  const condition = fc.constantFrom('START', 'COMPLETE', 'SUCCESS', 'HEALTHY')
  const dependency = fc.record({ containerName: fc.constantFrom('', ...earlier), condition })
  return fc.record({
    name: fc.constant(name),
    essential: fc.boolean(),
    dependsOn: fc
      .array(dependency, { maxLength: 2 })
      .map((list) => list.filter(({ containerName }) => containerName !== '')),
  })
}

/** What the world does next: an act succeeds or fails, a container ends or gets healthy, the user stops the task. */
const worlds = fc.array(
  fc.record({
    pick: fc.nat(),
    good: fc.integer({ min: 0, max: 4 }),
    what: fc.integer({ min: 0, max: 9 }),
  }),
  { minLength: 60, maxLength: 60 },
)

test('whatever happens: no step back, no second start, and every task comes to its end', () => {
  fc.assert(
    fc.property(tasks, worlds, (fresh, world) => {
      let known = fresh
      let pending: Act[] = []
      const starts = new Map<string, number>()
      const told: string[] = []
      const advance = (next: KnownTask, now: number) => {
        const result = step(next, now)
        for (const name of NAMES)
          assert.ok(
            rank(containerOf(result.task, name).status) >= rank(containerOf(known, name).status),
          )
        assert.ok(known.desired === 'RUNNING' || result.task.desired === 'STOPPED')
        known = result.task
        pending = [...pending, ...result.acts]
        for (const act of result.acts)
          if ('attachment' in act) assert.equal(act.type === 'detach', isStopped(known))
          else if (act.type === 'start')
            starts.set(act.container, (starts.get(act.container) ?? 0) + 1)
          else if (act.type === 'create') assert.ok(isAttached(known))
        for (let report = nextReport(known); report; report = nextReport(known)) {
          told.push(report.status)
          known = reported(known, report)
        }
      }
      advance(known, NOW)
      world.forEach(({ pick, good, what }, index) => advance(happen(pick, good, what), NOW + index))
      // At the end the user stops it and the world obeys.
      advance({ ...known, desired: 'STOPPED' }, NOW + 100)
      for (let turn = 0; turn < 40; turn += 1) advance(happen(0, 4, 9), NOW + 1000 + turn)
      assert.ok(isStopped(known), JSON.stringify(known))
      assert.equal(told.at(-1), 'STOPPED')
      assert.equal(told.filter((status) => status === 'STOPPED').length, 1)
      for (const count of starts.values()) assert.equal(count, 1)
      assert.equal(known.attachments?.group?.status ?? 'DETACHED', 'DETACHED')

      function happen(pick: number, good: number, what: number): KnownTask {
        const live = NAMES.filter((name) => containerOf(known, name).status === 'RUNNING')
        const one = live[pick % Math.max(1, live.length)]
        if (what === 0 && one) return exited(known, one, good)
        if (what === 1 && one) return change(known, one, { health: HEALTHY })
        const act = pending.splice(pick % Math.max(1, pending.length), 1)[0]
        return act ? done(known, act, good > 0) : known
      }
    }),
  )
})

function done(known: KnownTask, act: Act, good: boolean): KnownTask {
  if ('attachment' in act) {
    const status = act.type === 'attach' ? 'ATTACHED' : 'DETACHED'
    const end = good
      ? ({ status, againAt: undefined } as const)
      : { failure: 'failed', againAt: NOW }
    return changeAttachment(known, act.attachment, { doing: undefined, ...end })
  }
  const { type, container: name } = act
  const idle = change(known, name, { doing: undefined })
  if (type === 'stop') return good ? exited(idle, name, 137) : idle
  if (type === 'remove') {
    const neverRan = containerOf(known, name).failure !== undefined
    return change(idle, name, good ? { removed: true, ...(neverRan && { status: 'STOPPED' }) } : {})
  }
  if (!good && (type === 'create' || type === 'start'))
    return change(idle, name, { failure: 'failed' })
  if (!good) return change(idle, name, { status: 'STOPPED', reason: 'failed' })
  if (type === 'pull') return change(idle, name, { status: 'PULLED' })
  if (type === 'create') return change(idle, name, { status: 'CREATED', dockerId: `id-${name}` })
  return running(idle, name)
}
