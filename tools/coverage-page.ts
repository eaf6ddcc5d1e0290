/** Writes docs/coverage.md from the rooms themselves: `node tools/coverage-page.ts`. A test keeps the page true. */
import { writeFileSync } from 'node:fs'

import { LOG_FILES, logStorage } from '#aws/logs/storage.ts'
import { MemoryStorage } from '#files/memory-storage.ts'
import { notBuilt } from '#room/room.ts'
import { roomsOn } from '#server/rooms.ts'

import { type BuiltOperations, coveragePage } from './coverage.ts'

/** What the rooms answer, by service. */
function builtOperations(): BuiltOperations {
  return Object.fromEntries(
    roomsOn({ logs: logStorage(new MemoryStorage(LOG_FILES)) }).map(({ service, operations }) => [
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
