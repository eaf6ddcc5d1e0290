/** Holds an operation's input to its model where no request was read: what the operator's tools and other rooms ask. */
import { assert } from '#kernel/assert.ts'
import { Fault } from '#kernel/fault.ts'

import { GATEWAY_LIMITS } from './limits.ts'
import { modelOf, type OperationModel, type ServiceFacts } from './model.ts'
import { readJson } from './protocols/json.ts'
import { factsNamed } from './services.ts'
import { validate } from './validate.ts'

/** An input as JSON has it, read as a JSON request's is. Throws AWS's faults. */
export function readInput(service: string, name: string, value: unknown): object {
  const unknown = (path: string): never => {
    throw new Fault('SerializationException', `There is no member ${path}.`)
  }
  const { operation } = modelled(service, name)
  const reading = { limits: GATEWAY_LIMITS, unknown }
  const input = readJson(operation.input, value, '', reading) as object
  checkInput(service, name, input)
  return input
}

/** An input as operations have it. Throws AWS's faults. */
export function checkInput(service: string, name: string, input: object): void {
  const { operation, facts } = modelled(service, name)
  validate(facts, operation.input, input, { unknownEnum: () => undefined })
}

function modelled(
  service: string,
  name: string,
): { readonly operation: OperationModel; readonly facts: ServiceFacts } {
  const facts = factsNamed(service)
  const operation = facts && modelOf(service).operations.get(name)
  assert(operation, `${service} has no ${name}`)
  return { operation, facts }
}
