/** How a bench says what it found: its repetitions, their median, the ratio, and how busy the machine was. */
import { readFileSync } from 'node:fs'

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? ''
}

/** `ours` and `theirs` are what each repetition gave; the ratio is that of the medians. */
export function compare(
  claim: string,
  unit: string,
  ours: readonly number[],
  theirs: readonly number[],
): number {
  const ratio = median(ours) / median(theirs)
  const all = (values: readonly number[]) => values.map((value) => short(value)).join(' ')
  console.log(
    `${claim}: ${short(median(ours))} ${unit} ÷ ${short(median(theirs))} ${unit} = ${ratio.toFixed(2)}× (ours ${all(ours)}; peer ${all(theirs)}; load ${loadAverage()})`,
  )
  return ratio
}

export function tell(claim: string, value: string): void {
  console.log(`${claim}: ${value} (load ${loadAverage()})`)
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
