/** Commands that the user is told to type: named as Berth was called, and quoted so that a shell takes them. */

const PLAIN = /^[\w@%+=:,./-]+$/

export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** The script `berth` says how it was called; without it, it was Node that was. */
export function called(...words: readonly string[]): string {
  const script = process.env['BERTH_CALLED']
  const start = script ? [script] : ['node', process.argv[1] ?? 'berth']
  return [...start, ...words].map(quoted).join(' ')
}
