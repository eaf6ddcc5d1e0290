/** What others ask for in bulk, in commits that carry it. */
import { type Store, TransactionTooLarge, type Write } from './store.ts'

/** Does for all what `body` does for some: `most` in one commit, and fewer where they are too large together. */
export function inCommits<T>(
  store: Store,
  all: readonly T[],
  most: number,
  body: (tx: Write, some: readonly T[]) => void,
): void {
  const commit = (some: readonly T[]): void => {
    try {
      store.transact((tx) => body(tx, some))
    } catch (error) {
      if (!(error instanceof TransactionTooLarge) || some.length === 1) throw error
      const half = some.length >> 1
      commit(some.slice(0, half))
      commit(some.slice(half))
    }
  }
  for (let at = 0; at < all.length; at += most) commit(all.slice(at, at + most))
}
