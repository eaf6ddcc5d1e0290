/** Filter patterns, for the thread that reads files: it looks for them among messages. */
import type { Compile, Matching } from '#files/matching.ts'

import { compilePattern } from './patterns/pattern.ts'

export const compile: Compile = (pattern) => {
  const { matches, size } = compilePattern(pattern)
  return { matches: (payload) => matches(payload.toString()), stepsPerByte: size }
}

export const MATCHING: Matching = { module: import.meta.url, compile }
