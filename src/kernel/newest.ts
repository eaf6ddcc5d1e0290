/** What `Map` and `Set` have in common: they remember the order in which their keys came. */
type Ordered<K> = {
  readonly size: number
  keys(): Iterable<K>
  delete(key: K): boolean
}

/** Forgets the keys that came first until no more than `max` are left. */
export function keepNewest<K>(collection: Ordered<K>, max: number): void {
  for (const oldest of collection.keys()) {
    if (collection.size <= max) return
    collection.delete(oldest)
  }
}
