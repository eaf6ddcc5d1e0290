/** Keys of records: parts between slashes, of which only the last may hold what users wrote. */

/** The key without its last part: of a task its cluster's, of a deployment its service's. */
export const parentOf = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** The last part of a key, or of an ARN. */
export const lastOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** Stands in no key, and in nothing that may come before a part of the kind below. */
const BREAK = '\u0001'

/** A key, or its beginning, and a part that may itself hold slashes. */
export const joined = (key: string, part: string): string => `${key}${BREAK}${part}`

/** What was joined; the part is empty where there is none. */
export function parted(text: string): readonly [key: string, part: string] {
  const [key = '', part = ''] = text.split(BREAK)
  return [key, part]
}
