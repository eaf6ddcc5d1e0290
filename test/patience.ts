/**
 * How long tests wait before they say that something will never come true. Such a limit proves nothing: it only ends a
 * test that hangs, so it is long, and longer on a machine that is slow or busy. `./berth test` measures that once.
 */

/** Of the machine that the plain limits were chosen on, quiet: what `measure` takes there, in milliseconds. */
const MEASURED_THERE_MS = 220
/** A machine may get busy after it was measured. */
const SPARE = 3
const SLOWEST = 12
const ROUNDS = 25_000_000

/** How many times longer than the plain limits tests wait here. */
export const patience: number = Number(process.env['BERTH_TEST_PATIENCE'] ?? measured())

/** A limit for waiting, in milliseconds, from the one of a quiet and quick machine. */
export const patient = (ms: number): number => Math.ceil(ms * patience)

function measured(): number {
  const begin = performance.now()
  let sum = 0
  for (let n = 0; n < ROUNDS; n++) sum = (sum * 31 + n) | 0
  const took = performance.now() - begin
  // The sum is looked at so that nobody leaves the work out.
  const times = sum === 0.5 ? 0 : took / MEASURED_THERE_MS
  return SPARE * Math.min(Math.max(times, 1), SLOWEST)
}
