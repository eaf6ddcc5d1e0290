/** The task definitions of the simulated world: small, and each of a kind that has its own way to go wrong. */
import { FAILING } from './engine.ts'
import { ending, filling, serving, stubborn } from './program.ts'
import type { Rng } from './rng.ts'

export const IMAGE = 'app:1'
const MISSING_IMAGE = 'nowhere:1'
const PORTS = [8080, 8081, 8082]
/** Families whose tasks never come to rest: a service that runs them starts and stops for ever. */
export const RESTLESS: ReadonlySet<string> = new Set([
  'job',
  'hungry',
  'ordered',
  'sick',
  'nowhere',
  'broken',
])
/** A family that every host can run. */
export const SOUND = 'sound'

export function aDefinition(rng: Rng): object {
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const family = rng.pick(kinds) ?? 'web'
  return { family, ...KINDS[family](rng) }
}

export const soundDefinition: object = {
  family: SOUND,
  containerDefinitions: [{ name: 'main', image: IMAGE, command: serving(0), memory: 64 }],
}

const memory = (rng: Rng): { readonly memory: number; readonly cpu: number } => ({
  memory: 64 * rng.between(1, 8),
  cpu: 64 * rng.between(0, 6),
})
const one = (name: string, rng: Rng, command: readonly string[]) => ({
  name,
  image: IMAGE,
  command,
  ...memory(rng),
})

const KINDS = {
  web: (rng: Rng) => ({ containerDefinitions: [one('main', rng, serving(rng.between(0, 3)))] }),
  port: (rng: Rng) => ({
    containerDefinitions: [
      {
        ...one('main', rng, serving(0)),
        portMappings: [{ containerPort: 80, hostPort: rng.pick(PORTS) }, { containerPort: 81 }],
      },
    ],
  }),
  job: (rng: Rng) => ({
    containerDefinitions: [one('main', rng, ending(rng.between(0, 120), rng.between(0, 2)))],
  }),
  hungry: (rng: Rng) => ({ containerDefinitions: [one('main', rng, filling(rng.between(1, 60)))] }),
  stubborn: (rng: Rng) => ({
    containerDefinitions: [{ ...one('main', rng, stubborn), stopTimeout: rng.between(2, 40) }],
  }),
  sidecar: (rng: Rng) => ({
    containerDefinitions: [
      { ...one('helper', rng, ending(rng.between(1, 60), rng.between(0, 9))), essential: false },
      one('main', rng, serving(0)),
    ],
  }),
  ordered: (rng: Rng) => ({
    containerDefinitions: [
      { ...one('first', rng, ending(rng.between(0, 20), rng.between(0, 1))), essential: false },
      {
        ...one('main', rng, serving(0)),
        dependsOn: [
          { containerName: 'first', condition: rng.pick(['START', 'COMPLETE', 'SUCCESS']) },
        ],
        mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', host: {} }],
  }),
  healthy: (rng: Rng) => ({
    containerDefinitions: [
      {
        ...one('base', rng, serving(0)),
        healthCheck: { command: ['CMD', 'true'] },
      },
      {
        ...one('main', rng, serving(0)),
        dependsOn: [{ containerName: 'base', condition: 'HEALTHY' }],
      },
    ],
  }),
  sick: (rng: Rng) => ({
    containerDefinitions: [{ ...one('main', rng, serving(0)), healthCheck: { command: FAILING } }],
  }),
  well: (rng: Rng) => ({
    containerDefinitions: [
      { ...one('main', rng, serving(0)), healthCheck: { command: ['CMD', 'true'] } },
    ],
  }),
  nowhere: (rng: Rng) => ({
    containerDefinitions: [{ ...one('main', rng, serving(0)), image: MISSING_IMAGE }],
  }),
  broken: (rng: Rng) => ({ containerDefinitions: [one('main', rng, ['/no/such/program'])] }),
}
