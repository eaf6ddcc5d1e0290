import { MemoryLogStorage } from './memory-storage.ts'
import { storageSuite } from './storage.suite.ts'

storageSuite('memory', () => new MemoryLogStorage())
