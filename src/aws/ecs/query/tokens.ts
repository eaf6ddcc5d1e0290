/** Words, quoted words and signs of the cluster query language. */
export type Token = { readonly text: string; readonly quoted: boolean }

const TOKEN =
  /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(&&|\|\||==|!=|>=|<=|=~|!~|!in\b|!exists\b|[()[\],<>!])|([^\s()[\],<>=!&|"']+))/y

/** The tokens of a text, or `undefined` when something in it is none. */
export function tokens(text: string): Token[] | undefined {
  const found: Token[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text)
    if (!match) return undefined
    const [, double, single, sign, word] = match
    const quoted = double ?? single
    found.push(
      quoted === undefined
        ? { text: (sign ?? word) as string, quoted: false }
        : { text: quoted.replace(/\\(.)/g, '$1'), quoted: true },
    )
  }
  return found
}
