import { logSuite } from './log.suite.ts'
import { MemoryLog } from './memory-log.fixture.ts'

const places = new Map<string, MemoryLog>()
logSuite('memory', (place) => {
  const log = places.get(place) ?? new MemoryLog()
  places.set(place, log)
  return log
})
