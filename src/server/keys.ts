/** What the operator is given when an account or a machine key is made, and what `root-keys.json` holds. */
export type { Keys } from '#aws/iam/accounts.ts'
