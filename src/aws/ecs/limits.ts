/** The most of a thing that one request may name or be answered. */
export const PAGE_LIMIT = 100
export const DESCRIBE_MAX = 100
export const RUN_TASK_MAX = 10
/** What AWS's lists of services hold when nothing is asked, and those of service deployments. */
export const SERVICES_PAGE = 10
export const SERVICE_DEPLOYMENTS_PAGE = 20
export const DESCRIBE_SERVICES_MAX = 10
/** Tasks whose protection one request may change. */
export const PROTECT_MAX = 10
/** Service deployments or service revisions that one request may describe. */
export const DESCRIBE_PARTS_MAX = 20
export const SERVICES_PER_CLUSTER_MAX = 5000
export const TASKS_PER_SERVICE_MAX = 5000
export const TASK_SETS_PER_SERVICE_MAX = 5
/** A task that ended stays describable this long; AWS says at least an hour. */
export const STOPPED_TASK_KEPT_MS = 60 * 60 * 1000
/** A deleted service stays describable this long. */
export const INACTIVE_SERVICE_KEPT_MS = 24 * 60 * 60 * 1000
/** How many of a service's deployments are known, over or not. */
export const HISTORY_MAX = 100
/** A client token is remembered this long. */
export const CLIENT_TOKEN_KEPT_MS = 24 * 60 * 60 * 1000
