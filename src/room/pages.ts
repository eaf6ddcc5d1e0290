/** Lists in pages. A token says where a page ended; it is opaque, and good for the question that was asked only. */
import { assert } from '#kernel/assert.ts'
import type { Fault } from '#kernel/fault.ts'

/** How a room refuses what leads to no page. */
type Words = {
  readonly badToken: () => Fault
  /** Of less than one, where the model lets that by. */
  readonly noResults?: () => Fault
}

export type Page<T> = { readonly items: readonly T[]; readonly nextToken: string | undefined }

type Ask = {
  readonly nextToken: string | undefined
  readonly maxResults: number | undefined
  /** The most a page may hold, and what it holds when nothing is asked. */
  readonly limit: number
  /** What makes this question different from others: a token of another question is refused. */
  readonly question: string
  /** Gives a token after the last entry too; the page behind it is empty. */
  readonly endsEmpty?: boolean
}

export function pagesOf({ badToken, noResults }: Words): Pages {
  function readToken(question: string, token: string): string {
    const at = placeIn(question, token)
    if (at === undefined) throw badToken()
    return at
  }
  function page<T extends Entry>(ask: Ask, entries: Entries<T>): Page<T> {
    const { nextToken, question, limit, maxResults = limit } = ask
    if (maxResults < 1 && noResults) throw noResults()
    const size = Math.min(maxResults, limit)
    assert(size > 0, 'a page of nothing')
    const after = nextToken === undefined ? undefined : readToken(question, nextToken)
    const items: T[] = []
    const behind = (): string => writeToken(question, (items.at(-1) as T).at)
    for (const entry of entries(after)) {
      if (items.length === size) return { items, nextToken: behind() }
      items.push(entry)
    }
    return { items, nextToken: ask.endsEmpty && items.length > 0 ? behind() : undefined }
  }
  return { page, readToken }
}

type Entry = { readonly at: string }
type Entries<T> = (after: string | undefined) => Iterable<T>

type Pages = {
  /**
   * One page of `entries(after)`, which gives entries in order after a place. A page ends with the place of its last
   * entry, so rows that come or go elsewhere neither repeat nor hide any other.
   */
  readonly page: <T extends Entry>(ask: Ask, entries: Entries<T>) => Page<T>
  /** Where the page ended that the token is of. */
  readonly readToken: (question: string, token: string) => string
}

export const writeToken = (question: string, at: string): string =>
  Buffer.from(JSON.stringify([question, at])).toString('base64url')

function placeIn(question: string, token: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(parts) && parts[0] === question && typeof parts[1] === 'string')
      return parts[1]
  } catch (error) {
    // Not a token of ours: the same answer as to one of another question.
    if (!(error instanceof SyntaxError)) throw error
  }
  return undefined
}
