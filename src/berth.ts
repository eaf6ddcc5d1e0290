#!/usr/bin/env node
import { program } from './cli/program.ts'
import { wordsFor } from './cli/user-error.ts'

function failed(error: unknown): void {
  const words = wordsFor(error)
  if (words === undefined) throw error
  process.stderr.write(`berth: ${words}\n`)
  process.exitCode = 1
}

// Whoever read the output has had enough (`berth events | head`): what is being done is done all the same.
const isEnough = (error: NodeJS.ErrnoException): boolean => error.code === 'EPIPE'
process.stdout.on('error', (error) => isEnough(error) || failed(error))
process.stderr.on('error', (error) => {
  if (!isEnough(error)) throw error
})
try {
  await program().parseAsync()
} catch (error) {
  failed(error)
}
