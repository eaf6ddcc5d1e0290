/** Custom attributes of container instances: their limits, and which ones users may change. */
import type { Attribute } from '#contract/ecs.ts'
import { isBuiltIn } from '#wire/attributes.ts'

import { invalidParameter } from '../names/names.ts'

const NAME = /^[A-Za-z0-9\-_/\\.]{1,128}$/
const VALUE_MAX = 128
export const ATTRIBUTES_PER_CALL_MAX = 10
export const CUSTOM_ATTRIBUTES_MAX = 10

/** Of an attribute that a user sets. */
export function checkAttribute(attribute: Attribute): void {
  checkForm(attribute)
  const { name } = attribute
  if (isBuiltIn(name))
    throw invalidParameter(`The attribute ${name} is reserved and cannot be changed.`)
}

/** Of one that a host registers: the reserved ones are its own. */
export function checkForm({ name, value }: Attribute): void {
  if (!NAME.test(name)) throw invalidParameter(`Invalid attribute name: ${name.slice(0, 128)}`)
  if (value === undefined) return
  const edges = value.trim() !== value
  if (value.length > VALUE_MAX || edges || !/^[\w\-./\\@:\s]*$/.test(value))
    throw invalidParameter(`Invalid value for attribute ${name}.`)
}
