import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { bounds, planReplicas, type SeenTask, type Situation } from './plan.ts'

type Brief = Partial<SeenTask> & Pick<SeenTask, 'state'>
let ids = 0
const task = (brief: Brief): SeenTask => ({
  id: `t${String((ids += 1)).padStart(4, '0')}`,
  shareId: 'new',
  isStopping: false,
  isLeaving: false,
  isProtected: false,
  hostId: 'h',
  ...brief,
})
const many = (count: number, brief: Brief): SeenTask[] =>
  Array.from({ length: count }, () => task(brief))
const old = (count: number, state: SeenTask['state'] = 'HEALTHY', more: Partial<SeenTask> = {}) =>
  many(count, { shareId: 'old', state, ...more })
const fresh = (count: number, state: SeenTask['state'], more: Partial<SeenTask> = {}) =>
  many(count, { state, ...more })

const situation = (
  desired: number,
  minimumHealthyPercent: number,
  maximumPercent: number,
  tasks: readonly SeenTask[],
  more: Partial<Situation> = {},
): Situation => ({
  desired,
  ...bounds(desired, { minimumHealthyPercent, maximumPercent }),
  primary: 'new',
  mayStart: true,
  isStalled: false,
  cannotPlace: false,
  tasks,
  order: (some) => some,
  ...more,
})
const does = (now: Situation) => {
  const { start, stop, isStuck, isSteady } = planReplicas(now)
  const of = (shareId: string) => stop.filter((one) => one.task.shareId === shareId).length
  return {
    start,
    ...(of('old') > 0 && { old: of('old') }),
    ...(of('new') > 0 && { new: of('new') }),
    ...(isStuck && { isStuck }),
    ...(isSteady && { isSteady }),
  }
}

const CASES: readonly (readonly [string, Situation, object])[] = [
  ['nothing runs yet', situation(4, 100, 200, []), { start: 4 }],
  [
    'all that is wanted runs',
    situation(4, 100, 200, fresh(4, 'HEALTHY')),
    { start: 0, isSteady: true },
  ],
  [
    'they run, and it is too early to say',
    situation(4, 100, 200, fresh(4, 'WARMING')),
    { start: 0 },
  ],
  ['update: the new ones start first', situation(4, 100, 200, old(4)), { start: 4 }],
  [
    'update: nobody stops for one that warms',
    situation(4, 100, 200, [...old(4), ...fresh(4, 'WARMING')]),
    { start: 0 },
  ],
  [
    'update: each healthy one lets an old one go',
    situation(4, 100, 200, [...old(4), ...fresh(1, 'HEALTHY'), ...fresh(3, 'WARMING')]),
    { start: 0, old: 1 },
  ],
  [
    'update: the last old ones go',
    situation(4, 100, 200, [...old(2), ...fresh(4, 'HEALTHY')]),
    { start: 0, old: 2 },
  ],
  ['two at a time: first two go', situation(4, 50, 100, old(4)), { start: 0, old: 2 }],
  [
    'two at a time: while they stop nothing starts',
    situation(4, 50, 100, [...old(2), ...old(2, 'HEALTHY', { isStopping: true })]),
    { start: 0 },
  ],
  ['two at a time: then two come', situation(4, 50, 100, old(2)), { start: 2 }],
  [
    'two at a time: the next two wait for them',
    situation(4, 50, 100, [...old(2), ...fresh(2, 'WARMING')]),
    { start: 0 },
  ],
  [
    'two at a time: and go',
    situation(4, 50, 100, [...old(2), ...fresh(2, 'HEALTHY')]),
    { start: 0, old: 2 },
  ],
  ['with 0 and 100 all go at once', situation(3, 0, 100, old(3)), { start: 0, old: 3 }],
  ['with 0 and 200 none goes before it is replaced', situation(3, 0, 200, old(3)), { start: 3 }],
  [
    '75 of 2 and 100 lets nothing move (documented)',
    situation(2, 75, 100, old(2)),
    { start: 0, isStuck: true },
  ],
  [
    '100 of 3 and 125 lets nothing move (documented)',
    situation(3, 100, 125, old(3)),
    { start: 0, isStuck: true },
  ],
  [
    '100 and 100 lets no draining host go',
    situation(2, 100, 100, fresh(2, 'HEALTHY', { isLeaving: true })),
    { start: 0, isStuck: true },
  ],
  [
    'a draining host: replaced first',
    situation(2, 100, 200, [...fresh(1, 'HEALTHY', { isLeaving: true }), ...fresh(1, 'HEALTHY')]),
    { start: 1 },
  ],
  [
    'a draining host: what has not started goes at once',
    situation(1, 100, 200, fresh(1, 'STARTING', { isLeaving: true })),
    { start: 1, new: 1 },
  ],
  [
    'old ones that never became healthy go at once',
    situation(2, 100, 200, [...old(2, 'STARTING'), ...old(1, 'UNHEALTHY')]),
    { start: 1, old: 3 },
  ],
  [
    'scale in: the least settled go',
    situation(2, 100, 200, [
      ...fresh(2, 'HEALTHY'),
      ...fresh(1, 'WARMING'),
      ...fresh(1, 'STARTING'),
    ]),
    { start: 0, new: 2 },
  ],
  ['scale in to nothing', situation(0, 100, 200, fresh(3, 'HEALTHY')), { start: 0, new: 3 }],
  [
    'an unhealthy one is replaced first',
    situation(2, 100, 200, [...fresh(1, 'HEALTHY'), ...fresh(1, 'UNHEALTHY')]),
    { start: 1 },
  ],
  [
    'and goes once its replacement is healthy',
    situation(2, 100, 200, [...fresh(2, 'HEALTHY'), ...fresh(1, 'UNHEALTHY')]),
    { start: 0, new: 1 },
  ],
  [
    'an unhealthy replacement: one of the two goes',
    situation(1, 100, 200, fresh(2, 'UNHEALTHY')),
    { start: 0, new: 1 },
  ],
  [
    'no room to start a replacement: one unhealthy goes at a time',
    situation(3, 100, 100, fresh(3, 'UNHEALTHY')),
    { start: 0, new: 1 },
  ],
  [
    'no room: not a second one while one stops',
    situation(3, 100, 100, [
      ...fresh(2, 'UNHEALTHY'),
      ...fresh(1, 'UNHEALTHY', { isStopping: true }),
    ]),
    { start: 0 },
  ],
  [
    'no host has room: an old one makes place',
    situation(2, 50, 200, old(2), { cannotPlace: true }),
    { start: 0, old: 1 },
  ],
  [
    'no host has room and all must stay',
    situation(2, 100, 200, old(2), { cannotPlace: true }),
    { start: 0 },
  ],
  [
    'paused or throttled: nothing starts and nothing healthy goes',
    situation(2, 50, 200, old(2), { mayStart: false }),
    { start: 0 },
  ],
  [
    'stalled: only what is too much goes, the worst first',
    situation(2, 50, 200, [...old(2), ...fresh(1, 'UNHEALTHY')], { isStalled: true }),
    { start: 0, new: 1 },
  ],
  [
    'stalled before anybody is known to be healthy: what ran before stays',
    situation(2, 100, 200, [...old(2, 'WARMING'), ...fresh(2, 'WARMING')], { isStalled: true }),
    { start: 0, new: 2 },
  ],
  [
    'stalled, on a host that drains: as far as the minimum lets it',
    situation(4, 50, 200, old(4, 'HEALTHY', { isLeaving: true }), { isStalled: true }),
    { start: 0, old: 2 },
  ],
  [
    'stalled and scaled to nothing',
    situation(0, 50, 200, [...old(2), ...fresh(1, 'HEALTHY')], { isStalled: true }),
    { start: 0, old: 2, new: 1 },
  ],
]

test('each situation has its plan', () => {
  for (const [what, now, expected] of CASES) assert.deepEqual(does(now), expected, what)
})

test('protected tasks stay, and are told of', () => {
  const scaledIn = planReplicas(
    situation(1, 100, 200, [...fresh(2, 'HEALTHY', { isProtected: true }), ...fresh(1, 'HEALTHY')]),
  )
  assert.deepEqual([scaledIn.stop.length, scaledIn.held], [1, 1])
  assert.equal(scaledIn.heldBack, undefined, 'something is still to end')
  const over = planReplicas(situation(1, 100, 200, fresh(2, 'HEALTHY', { isProtected: true })))
  assert.deepEqual([over.held, over.heldBack], [1, 'SCALE_IN'])
  const replaced = planReplicas(
    situation(1, 100, 200, [...old(1, 'HEALTHY', { isProtected: true }), ...fresh(1, 'HEALTHY')]),
  )
  assert.deepEqual([replaced.stop.length, replaced.held, replaced.isStuck], [0, 1, false])
  assert.equal(replaced.heldBack, 'REPLACEMENT')
  const warming = planReplicas(
    situation(1, 100, 200, [...old(1, 'HEALTHY', { isProtected: true }), ...fresh(1, 'WARMING')]),
  )
  assert.deepEqual([warming.held, warming.heldBack], [1, undefined])
})

const percentages = fc.record({
  minimumHealthyPercent: fc.integer({ min: 0, max: 100 }),
  maximumPercent: fc.integer({ min: 100, max: 200 }),
})
const someTasks = fc.array(
  fc.record({
    shareId: fc.constantFrom('new', 'old', 'older'),
    state: fc.constantFrom('STARTING', 'WARMING', 'HEALTHY', 'UNHEALTHY'),
    isStopping: fc.boolean(),
    isLeaving: fc.boolean(),
    isProtected: fc.boolean(),
  }),
  { maxLength: 40 },
)
const situations = fc
  .record({
    desired: fc.integer({ min: 0, max: 20 }),
    percent: percentages,
    tasks: someTasks,
    mayStart: fc.boolean(),
    isStalled: fc.boolean(),
    cannotPlace: fc.boolean(),
  })
  .map(({ desired, percent, tasks, ...more }) =>
    situation(
      desired,
      percent.minimumHealthyPercent,
      percent.maximumPercent,
      tasks.map((brief) => task(brief as Brief)),
      more,
    ),
  )

test('whatever the situation, the bounds hold and no protected task is ended for scale', () => {
  fc.assert(
    fc.property(situations, (now) => {
      const plan = planReplicas(now)
      const live = now.tasks.filter(({ isStopping }) => !isStopping)
      const healthy = live.filter(({ state }) => state === 'HEALTHY').length
      const ended = plan.stop.filter(({ task: { state } }) => state === 'HEALTHY').length
      assert.ok(plan.start >= 0)
      assert.ok(plan.start === 0 || now.tasks.length + plan.start <= now.max, 'max')
      assert.ok(ended === 0 || healthy - ended >= now.min, 'min')
      const stopped = plan.stop.map(({ task: { id } }) => id)
      assert.equal(new Set(stopped).size, stopped.length, 'one is stopped once')
      for (const { task: one, why } of plan.stop) {
        assert.ok(!one.isStopping)
        assert.ok(why === 'UNHEALTHY' || !one.isProtected)
      }
    }),
    { numRuns: 5000 },
  )
})

/** Plays a rollout to its end: what stops is gone and what starts is healthy a turn later. */
test('a rollout that the percentages allow comes to its end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), percentages, (desired, percent) => {
      let tasks: SeenTask[] = old(desired)
      const { min, max } = bounds(desired, percent)
      const canMove = max > desired || min < desired || desired === 0
      for (let turn = 0; turn < 100; turn += 1) {
        const now = situation(desired, percent.minimumHealthyPercent, percent.maximumPercent, tasks)
        const plan = planReplicas(now)
        if (plan.isSteady) return assert.ok(tasks.every(({ shareId }) => shareId === 'new'))
        if (plan.isStuck) return assert.ok(!canMove, `stuck at ${tasks.length} of ${desired}`)
        const gone = new Set(plan.stop.map((one) => one.task.id))
        tasks = [...tasks.filter(({ id }) => !gone.has(id)), ...fresh(plan.start, 'HEALTHY')]
      }
      assert.fail('no end')
    }),
    { numRuns: 2000 },
  )
})
