/** What the command line knows of keys. */
export type { Keys } from '#room/guard.ts'
