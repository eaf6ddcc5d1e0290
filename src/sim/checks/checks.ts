/** The one list of what must hold, whatever happens. */
import type { MakeCheck } from './check.ts'
import { durable } from './i01-durable.ts'
import { tokens } from './i02-token.ts'
import { forward } from './i03-forward.ts'
import { Containers } from './i04-containers.ts'
import { resources } from './i05-resources.ts'
import { exits } from './i09-exit.ts'
import { revisions } from './i13-revisions.ts'
import { liveness } from './liveness.ts'
import { rest } from './rest.ts'

export const CHECKS: readonly MakeCheck[] = [
  durable,
  tokens,
  forward,
  (evidence) => new Containers(evidence),
  resources,
  exits,
  revisions,
  liveness,
  rest,
]
