/** `berth tool sigv4`: signing cases on standard input, verdicts on standard output. */
import { createInterface } from 'node:readline'

import { verifyCase } from '#gateway/sigv4-cases.ts'

export async function sigv4(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    if (line.trim()) console.log(verifyCase(line))
}
