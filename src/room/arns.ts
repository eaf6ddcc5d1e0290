/** ARNs that are written and read by one line, such as `task/{clusterName}/{taskId}`. */
import type { Contract } from '#contract/contract.ts'
import { formatArn, parseArn } from '#kernel/arn.ts'

import type { Owned } from './owned.ts'

/** What an ARN says of whose it is. */
export type Place = Pick<Owned, 'accountId' | 'region'>

/** The names in braces. */
type NamesIn<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Long}+` ? Long : Name) | NamesIn<Rest>
  : never
type Parts<Name extends string> = Readonly<Record<Name, string>>

export type Arns<Name extends string> = {
  readonly write: (of: Place, parts: Parts<Name>) => string
  /** Nothing where the text has another form or, if a place is given, is of another one. */
  readonly read: (text: string, of?: Place) => (Place & Parts<Name>) | undefined
}

const NAME = /\{(\w+)\+?\}/

/**
 * In `pattern` stands `{name}` for one part, without slashes and colons, and `{name+}` for one that may have slashes.
 * The ARNs of a service that has no regions name none.
 */
export function arnsOf<const Pattern extends string>(
  service: keyof Contract,
  pattern: Pattern,
  { isGlobal = false } = {},
): Arns<NamesIn<Pattern>> {
  type Name = NamesIn<Pattern>
  // Texts and names by turns.
  const pieces = pattern.split(NAME)
  const form = new RegExp(`^${formOf(pattern)}$`)
  return {
    write({ accountId: account, region }, parts) {
      let resource = pieces[0] as string
      for (let at = 1; at < pieces.length; at += 2)
        resource += parts[pieces[at] as Name] + (pieces[at + 1] as string)
      return formatArn({ service, region: isGlobal ? '' : region, account, resource })
    },
    read(text, of) {
      const arn = parseArn(text, service)
      const found = arn && form.exec(arn.resource)
      if (!found) return undefined
      const { account: accountId, region } = arn
      const isTheirs = !of || (of.accountId === accountId && (isGlobal ? '' : of.region) === region)
      return isTheirs ? { accountId, region, ...(found.groups as Parts<Name>) } : undefined
    },
  }
}

const formOf = (pattern: string): string =>
  pattern
    .split(/(\{\w+\+?\})/)
    .map((piece) => {
      const [, name] = NAME.exec(piece) ?? []
      // No other character of a pattern means anything in an expression.
      if (name === undefined) return piece.replaceAll('*', String.raw`\*`)
      return `(?<${name}>${piece.endsWith('+}') ? '[^:]+' : '[^:/]+'})`
    })
    .join('')
