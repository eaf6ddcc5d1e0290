/** What a record has under a name that came from a user: `constructor` and `__proto__` are names like any other. */
export const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined
