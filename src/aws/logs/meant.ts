/** The request without its empty texts: clients of AWS write one for what nobody set. */
export const given = <T extends object>(input: T): T =>
  Object.values(input).includes('')
    ? (Object.fromEntries(Object.entries(input).filter(([, value]) => value !== '')) as T)
    : input
