/** Whose a record is, and where: what keys, ARNs and notices are made of. */

export type Owned = { readonly tenant: string; readonly accountId: string; readonly region: string }

/** What the keys of all its records begin with. */
export const scopeOf = ({ tenant, region }: Pick<Owned, 'tenant' | 'region'>): string =>
  `${tenant}/${region}`

/** Of a caller, or of a record: these members and no others. */
export const ownerOf = ({ tenant, accountId, region }: Owned): Owned => ({
  tenant,
  accountId,
  region,
})
