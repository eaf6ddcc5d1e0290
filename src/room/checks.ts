/** Checks of single values that a model leaves open, each in the words of its room. */
import type { Fault } from '#kernel/fault.ts'

type Value = string | number

/** Refuses a value that AWS's enum does not have: a filter that nobody knows would silently find nothing. */
export const enumCheck =
  (notOneOf: (name: string, value: Value, known: readonly Value[]) => Fault) =>
  (name: string, value: Value | undefined, known: readonly Value[]): void => {
    if (value !== undefined && !known.includes(value)) throw notOneOf(name, value, known)
  }

/** Refuses what is not a whole number between the bounds, both included. */
export const wholeCheck =
  (notBetween: (name: string, min: number, max: number) => Fault) =>
  (name: string, value: number, min: number, max: number): void => {
    if (!Number.isInteger(value) || value < min || value > max) throw notBetween(name, min, max)
  }
