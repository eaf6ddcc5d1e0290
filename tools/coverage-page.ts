/** Writes docs/coverage.md from the rooms themselves: `node tools/coverage-page.ts`. A test keeps the page true. */
import { writeFileSync } from 'node:fs'

import { notBuilt } from '#room/operation.ts'
import { roomsWith } from '#server/rooms.ts'

import { type BuiltOperations, coveragePage, overdue, type Refused } from './coverage.ts'

const rooms = roomsWith()

/** What the rooms answer, by service. */
function builtOperations(): BuiltOperations {
  return Object.fromEntries(
    rooms.map(({ service, operations }) => [
      service,
      Object.entries(operations).flatMap(([name, operation]) =>
        operation === notBuilt ? [] : [name],
      ),
    ]),
  )
}

/** What a room that came has left refused. */
export const currentlyOverdue = (): string[] => overdue(builtOperations(), refusals())

/** Operations that a door lists as not built, and that nothing says the reason of. */
export const unexplained = (): string[] =>
  rooms.flatMap(({ service, operations, unbuilt = {} }) =>
    Object.entries(operations).flatMap(([name, operation]) =>
      operation === notBuilt && !(name in unbuilt) ? [`${service}:${name}`] : [],
    ),
  )

/** The page as it should be. */
export const currentPage = (): string => coveragePage(builtOperations(), refusals())

/** What the rooms refuse until another is there, by service. */
const refusals = (): Refused =>
  Object.fromEntries(rooms.map(({ service, unbuilt = {} }) => [service, unbuilt]))

if (import.meta.main) writeFileSync('docs/coverage.md', currentPage())
