/** The one list of what must hold, whatever happens. */
import type { MakeCheck } from './check.ts'
import { counts } from './counts.ts'
import { daemonsFirst } from './daemons-first.ts'
import { durable } from './i01-durable.ts'
import { tokens } from './i02-token.ts'
import { forward } from './i03-forward.ts'
import { Containers } from './i04-containers.ts'
import { resources } from './i05-resources.ts'
import { Percentages } from './i06-percentages.ts'
import { Services } from './i07-services.ts'
import { exits } from './i09-exit.ts'
import { revisions } from './i13-revisions.ts'
import { digests } from './i14-digests.ts'
import { liveness } from './liveness.ts'
import { rest } from './rest.ts'
import { TaskSets } from './task-sets.ts'

export const CHECKS: readonly MakeCheck[] = [
  durable,
  tokens,
  forward,
  (evidence) => new Containers(evidence),
  resources,
  (evidence) => new Percentages(evidence),
  (evidence) => new Services(evidence),
  (evidence) => new TaskSets(evidence),
  exits,
  revisions,
  digests,
  counts,
  daemonsFirst,
  liveness,
  rest,
]
