#!/usr/bin/env node
import { program } from './cli/program.ts'
import { UserError } from './cli/user-error.ts'

try {
  await program().parseAsync()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  process.stderr.write(`berth: ${error.message}\n`)
  process.exitCode = 1
}
