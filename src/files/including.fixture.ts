/** A room's matcher as tests have it: what includes a text, in as many steps as one likes. */
import type { Compile, Matching } from './matching.ts'

export const including = (text: string, stepsPerByte = 0): string =>
  JSON.stringify({ text, stepsPerByte })

export const compile: Compile = (match) => {
  const { text, stepsPerByte } = JSON.parse(match) as { text: string; stepsPerByte: number }
  return { matches: (payload) => payload.includes(text), stepsPerByte }
}

export const MATCHING: Matching = { module: import.meta.url, compile }
