export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** What operators read. One line an event; never a secret, never a body. */
export interface Log {
  info(message: string, fields?: LogFields): void
  /** Something outside went wrong and will be tried again, or somebody should look. */
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
