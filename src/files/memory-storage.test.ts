import { MemoryStorage } from './memory-storage.ts'
import { storageSuite } from './storage.suite.ts'

storageSuite('memory', (_context, room) => new MemoryStorage(room))
