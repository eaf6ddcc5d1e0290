#!/usr/bin/env node
import { program } from './cli/program.ts'
import { wordsFor } from './cli/user-error.ts'

// Whoever read the output has had enough (`berth events | head`): what is being done is done all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
try {
  await program().parseAsync()
} catch (error) {
  const words = wordsFor(error)
  if (words === undefined) throw error
  process.stderr.write(`berth: ${words}\n`)
  process.exitCode = 1
}
