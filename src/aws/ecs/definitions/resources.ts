/** What containers ask for beside processor and memory: GPUs, and devices that this build stores and never runs. */
import type {
  ContainerDefinition,
  RegisterTaskDefinitionRequest,
  ResourceRequirement,
} from '#contract/ecs.ts'

import { clientException } from '../names/names.ts'
import { checkKnown } from './known.ts'

const TYPES = ['GPU', 'InferenceAccelerator', 'NeuronDevice']
const GPUS = /^[1-9]\d{0,2}$/
const ALL = 'ALL'

type Task = Pick<RegisterTaskDefinitionRequest, 'inferenceAccelerators'>

export function checkResources(
  { name, resourceRequirements = [] }: ContainerDefinition,
  { inferenceAccelerators = [] }: Task,
): void {
  for (const { type, value, sharingStrategy } of resourceRequirements) {
    checkKnown('resource requirement type', type, TYPES, `for container '${name}'`)
    if (sharingStrategy && (type !== 'GPU' || value !== undefined))
      throw clientException(
        `Invalid sharingStrategy for container '${name}'. Only a resource requirement of type GPU without a value has one.`,
      )
    const invalid = invalidValue({ type, value })
    if (type === 'GPU' && !sharingStrategy && !GPUS.test(value ?? '')) throw invalid('')
    if (type === 'NeuronDevice' && value !== ALL) throw invalid(` It must be ${ALL}.`)
    if (
      type === 'InferenceAccelerator' &&
      !inferenceAccelerators.some(({ deviceName }) => deviceName === value)
    )
      throw invalid(" It must be the deviceName of one of the task's inferenceAccelerators.")
  }
}

const invalidValue =
  ({ type, value }: ResourceRequirement) =>
  (why: string) =>
    clientException(
      `Invalid value '${value ?? ''}' for resource requirement of type ${type}.${why}`,
    )
