import { Fault } from '#kernel/fault.ts'

/** Opaque page tokens: where the last page ended, tied to the question that was asked. */
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

/**
 * One page of `entries(after)`, which gives entries in order after a place. A page ends with the place of its last
 * entry, so rows that come or go elsewhere neither repeat nor hide any other.
 */
export function page<T extends { readonly at: string }>(
  ask: Ask,
  entries: (after: string | undefined) => Iterable<T>,
): Page<T> {
  const { maxResults = ask.limit } = ask
  if (maxResults < 1) throw new Fault('InvalidParameterException', 'maxResults must be at least 1.')
  const size = Math.min(maxResults, ask.limit)
  const after = ask.nextToken === undefined ? undefined : readToken(ask.nextToken, ask.question)
  const items: T[] = []
  for (const entry of entries(after)) {
    if (items.length === size) return { items, nextToken: writeToken(items, ask.question) }
    items.push(entry)
  }
  const goesOn = ask.endsEmpty && items.length > 0
  return { items, nextToken: goesOn ? writeToken(items, ask.question) : undefined }
}

const writeToken = (items: readonly { readonly at: string }[], question: string): string =>
  Buffer.from(JSON.stringify([question, items[items.length - 1]?.at])).toString('base64url')

function readToken(token: string, question: string): string {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(parts) && parts[0] === question && typeof parts[1] === 'string')
      return parts[1]
  } catch (error) {
    // Not a token of ours: the same answer as to one of another question.
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Fault('InvalidParameterException', 'Invalid token.')
}
