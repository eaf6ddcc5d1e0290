import type { Rng } from './rng.ts'

/** From and to, both included. */
export type Range = readonly [low: number, high: number]

/** How bad it is. Probabilities are for one occasion each: a call, a frame, a save; rates are for one minute of the world. */
export type Weather = {
  readonly networkMs: Range
  readonly loseRequest: number
  readonly loseAnswer: number
  readonly doubleRequest: number
  /** A frame takes its connection with it. */
  readonly breakConnection: number
  /** An old frame of another connection is heard again. */
  readonly replayFrame: number
  readonly engineMs: Range
  readonly engineFails: number
  /** The engine did it, and its answer is lost. */
  readonly engineMute: number
  /** The engine does it so late that nobody waits any more. */
  readonly engineHangs: number
  readonly loseEvent: number
  readonly syncMs: Range
  readonly syncFails: number
  readonly saveMs: Range
  readonly saveFails: number
  readonly rates: Readonly<Record<Misfortune, number>>
}

export const MISFORTUNES = [
  'server killed',
  'server restarted',
  'snapshot',
  'agent killed',
  'agent restarted',
  'agent forgets',
  'power cut',
  'partition',
  'engine restarted',
  'engine lost containers',
  'empty manifest',
  'image pushed',
] as const
export type Misfortune = (typeof MISFORTUNES)[number]

const NONE = Object.fromEntries(MISFORTUNES.map((one) => [one, 0])) as Weather['rates']

export const CALM: Weather = {
  networkMs: [1, 10],
  loseRequest: 0,
  loseAnswer: 0,
  doubleRequest: 0,
  breakConnection: 0,
  replayFrame: 0,
  engineMs: [1, 300],
  engineFails: 0,
  engineMute: 0,
  engineHangs: 0,
  loseEvent: 0,
  syncMs: [0, 3],
  syncFails: 0,
  saveMs: [0, 5],
  saveFails: 0,
  rates: NONE,
}

/**
 * A storm of its own kind: each fault is there or not, weak or strong, by chance. Storms of all faults at once look
 * alike; storms of a few find what only those few bring about.
 */
export function storm(rng: Rng): Weather {
  const some = (most: number): number => {
    const strength = most * rng.next() ** 2
    return rng.chance(0.5) ? strength : 0
  }
  const slow = (usual: Range, most: number): Range => {
    const slowest = rng.between(usual[1], most)
    return rng.chance(0.3) ? [usual[0], slowest] : usual
  }
  return {
    networkMs: slow(CALM.networkMs, 3000),
    loseRequest: some(0.2),
    loseAnswer: some(0.2),
    doubleRequest: some(0.2),
    breakConnection: some(0.05),
    replayFrame: some(0.1),
    engineMs: slow(CALM.engineMs, 20_000),
    engineFails: some(0.2),
    engineMute: some(0.1),
    engineHangs: some(0.05),
    loseEvent: some(0.3),
    syncMs: slow(CALM.syncMs, 2000),
    syncFails: some(0.002),
    saveMs: slow(CALM.saveMs, 2000),
    saveFails: some(0.2),
    rates: Object.fromEntries(
      MISFORTUNES.map((one) => [one, some(MOST_A_MINUTE[one])]),
    ) as Weather['rates'],
  }
}

const MOST_A_MINUTE: Weather['rates'] = {
  'server killed': 1,
  'server restarted': 0.3,
  snapshot: 1,
  'agent killed': 1,
  'agent restarted': 0.5,
  'agent forgets': 0.2,
  'power cut': 0.2,
  partition: 0.5,
  'engine restarted': 0.2,
  'engine lost containers': 0.05,
  'empty manifest': 0.5,
  'image pushed': 0.5,
}
