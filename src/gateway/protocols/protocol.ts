/** What every protocol does, and what it is given to do it. */
import type { GatewayLimits } from '../limits.ts'
import type { Model, OperationModel, ProtocolName, ServiceFacts, Shape } from '../model.ts'
import type { Answer, Pair, Request } from '../request.ts'

/** The operation that a request is for. */
export type Route = {
  readonly facts: ServiceFacts
  readonly model: Model
  readonly protocol: ProtocolName
  readonly operation: OperationModel
  /** Query and EC2: the form. */
  readonly form: readonly Pair[]
  /** REST: the parts of the path that are input members. */
  readonly labels: Readonly<Record<string, string>>
}

/** What decoding needs beside the request: its limits, and whom to tell of members that the model does not know. */
export type Decoding = {
  readonly limits: GatewayLimits
  readonly unknown: (path: string) => void
}

/** A fault as it goes out: what the model says of it, filled in with what was thrown. */
export type FaultView = {
  /** The error shape's name. */
  readonly name: string
  /** Query's code; mostly the name. */
  readonly code: string
  readonly status: number
  readonly message: string
  readonly shape: Shape | undefined
  readonly members: Readonly<Record<string, unknown>>
}

/** Where a fault happened: little is known of requests that never found their service. */
export type FaultPlace = {
  readonly protocol: ProtocolName
  readonly facts: ServiceFacts | undefined
  readonly model: Model | undefined
  readonly requestId: string
}

export type Protocol = {
  readonly decode: (route: Route, request: Request, decoding: Decoding) => object
  readonly encode: (route: Route, output: object, requestId: string) => Answer
  readonly fault: (fault: FaultView, place: FaultPlace) => Answer
}
