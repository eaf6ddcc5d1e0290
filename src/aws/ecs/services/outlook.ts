/** What is to come of a service: in how many milliseconds to look at it again, and whether it waits for room on a host. */
export type Outlook = { readonly again: number | undefined; readonly waitsForHosts: boolean }

export const DONE: Outlook = { again: undefined, waitsForHosts: false }

export const minimum = (...times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

export const sooner = (one: Outlook, other: Partial<Outlook>): Outlook => ({
  again: minimum(one.again, other.again),
  waitsForHosts: one.waitsForHosts || other.waitsForHosts === true,
})
