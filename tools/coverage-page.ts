/** Writes docs/coverage.md from the rooms themselves: `node tools/coverage-page.ts`. A test keeps the page true. */
import { writeFileSync } from 'node:fs'

import { MemoryLogStorage } from '#aws/logs/memory-storage.ts'
import { notBuilt } from '#room/operation.ts'
import { roomsWith } from '#server/rooms.ts'

import { type BuiltOperations, coveragePage } from './coverage.ts'

/** What the rooms answer, by service. */
function builtOperations(): BuiltOperations {
  return Object.fromEntries(
    roomsWith({ logs: new MemoryLogStorage() }).map(({ service, operations }) => [
      service,
      Object.entries(operations).flatMap(([name, operation]) =>
        operation === notBuilt ? [] : [name],
      ),
    ]),
  )
}

/** The page as it should be. */
export const currentPage = (): string => coveragePage(builtOperations())

if (import.meta.main) writeFileSync('docs/coverage.md', currentPage())
