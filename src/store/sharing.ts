/** JSON has no two names for one thing: what many rows had in common in memory comes back as a copy for each of them. */

/**
 * `value` with all that equals its counterpart in `model` replaced by the model's own, or the model itself where all
 * does. `value` is changed in place: it is fresh from a parser, and nobody else has it.
 */
export function sharing<T>(model: T | undefined, value: T): T {
  return shared(model, value) as T
}

function shared(model: unknown, value: unknown): unknown {
  // Equal texts are still two texts in memory: the model's is the one to keep.
  if (model === value) return model
  if (!isObject(model) || !isObject(value) || Array.isArray(model) !== Array.isArray(value))
    return value
  const names = Object.keys(value)
  let isSame = names.length === Object.keys(model).length
  for (const name of names) {
    // Set as a member, this one name would mean another thing.
    const one = name === '__proto__' ? undefined : model[name]
    const part = one === undefined ? undefined : shared(one, value[name])
    if (part === undefined || part !== one) isSame = false
    if (part !== undefined) value[name] = part
  }
  return isSame ? model : value
}

/** Rows by what they are likely to have in common, as a log gives them back. */
export class Kin {
  readonly #models = new Map<string, object>()

  /** The row, sharing what it can with the first of its kin. */
  adopt(kin: string, row: object): object {
    const model = this.#models.get(kin)
    if (model) return sharing(model, row)
    this.#models.set(kin, row)
    return row
  }
}

type Members = Record<string, unknown>
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null
