/** The most of a thing that one request may name or be answered. */
export const PAGE_LIMIT = 100
export const DESCRIBE_MAX = 100
export const RUN_TASK_MAX = 10
/** A task that ended stays describable this long; AWS says at least an hour. */
export const STOPPED_TASK_KEPT_MS = 60 * 60 * 1000
/** A client token is remembered this long. */
export const CLIENT_TOKEN_KEPT_MS = 24 * 60 * 60 * 1000
