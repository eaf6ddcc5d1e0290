/** Fresh identifiers. Only the generator behind this port is random; the simulation draws from its seed. */
export interface Ids {
  /** `digits` lower-case hexadecimal digits. ECS resource ids are 32 of them. */
  hex(digits: number): string
  /** An RFC 4122 version 4 UUID: request ids, message ids, client tokens. */
  uuid(): string
  /** A number from 0 (inclusive) to 1 (exclusive), for random placement and jitter. */
  random(): number
}
