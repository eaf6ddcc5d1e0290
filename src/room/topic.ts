/** What a room tells hosts without their asking, over the connection that ECS has with each of their agents. */
import type { Read, Table, Write } from '#store/store.ts'
import type { Change } from '#store/transaction.ts'

/**
 * A host is named by the key of its container instance: `tenant/region/cluster/id`, the last two as its ARN ends. Only
 * hosts with a part for a topic are told of it, and of one whose connection is away all is told when it is back.
 */
export type Topic = {
  /** No two rooms have the same. */
  readonly name: string
  /** The tables that it is made of. */
  readonly hears: readonly Table<object>[]
  /** The hosts for which this change of one of those may be news. */
  readonly hostsOf: (change: Change) => Iterable<string>
  /** What the host is to have, each under a key of its own. */
  readonly content: (tx: Read, host: string) => Iterable<Entry>
  /** Told what became of entries that the host still is to have, at least once, in a commit with what others say. */
  readonly heard?: (tx: Write, host: string, states: readonly EntryState[]) => void
}

/** `content` is JSON, within the limits of the wire: one that is larger is not told. */
export type Entry = { readonly key: string; readonly content: unknown }

export type EntryState = {
  readonly key: string
  /** A failed one is tried again by the host, and may be told as applied later. */
  readonly state: 'applied' | 'failed'
  readonly reason?: string | undefined
  /** What the host found out by it. */
  readonly observed?: unknown
}
