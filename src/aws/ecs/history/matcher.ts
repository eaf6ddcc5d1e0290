/** Lines of history in which any of some texts is, for the thread that reads files. */
import type { Compile, Matching } from '#files/matching.ts'

/** The texts, as JSON. */
export const compile: Compile = (match) => {
  const texts = (JSON.parse(match) as string[]).map((text) => Buffer.from(text))
  return { matches: (line) => texts.some((text) => line.includes(text)), stepsPerByte: 0 }
}

export const MATCHING: Matching = { module: import.meta.url, compile }
