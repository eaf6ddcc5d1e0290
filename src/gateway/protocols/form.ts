/** Query's and EC2's requests: names with dots and numbers, read back into structures, lists and maps. */
import type { Member, Shape } from '../model.ts'
import type { Pair } from '../request.ts'
import type { Decoding } from './protocol.ts'
import { put, readText, serialization } from './scalars.ts'

/** EC2 writes its names differently and flattens every list. */
export type Dialect = 'query' | 'ec2'
type Node = { text?: string; readonly children: Map<string, Node> }

/** Parameters of every request, whatever its operation. */
const COMMON =
  /^(?:Action|Version|SignatureVersion|SignatureMethod|Signature|Timestamp|AWSAccessKeyId|X-Amz-.*)$/

export function readForm(
  input: Shape,
  form: readonly Pair[],
  dialect: Dialect,
  decoding: Decoding,
): object {
  const root = tree(form, decoding.limits.depth)
  return new FormReader(dialect, decoding).structure(input, root, '')
}

function tree(form: readonly Pair[], depth: number): Node {
  const root: Node = { children: new Map() }
  for (const [name, text] of form) {
    if (COMMON.test(name)) continue
    const parts = name.split('.', depth + 1)
    if (parts.length > depth) throw serialization(`A parameter nests more than ${depth} levels.`)
    let node = root
    for (const part of parts) {
      let child = node.children.get(part)
      if (!child) node.children.set(part, (child = { children: new Map() }))
      node = child
    }
    node.text = text
  }
  return root
}

class FormReader {
  readonly #dialect: Dialect
  readonly #decoding: Decoding

  constructor(dialect: Dialect, decoding: Decoding) {
    this.#dialect = dialect
    this.#decoding = decoding
  }

  structure(shape: Shape, node: Node, path: string): object {
    const input: Record<string, unknown> = {}
    const known = new Set<string>()
    for (const member of shape.members) {
      const name = this.#nameOf(member)
      known.add(name)
      const child = node.children.get(name)
      if (!child) continue
      const value = this.#member(member, child, path ? `${path}.${name}` : name)
      if (value !== undefined) input[member.name] = value
    }
    for (const name of node.children.keys())
      if (!known.has(name)) this.#decoding.unknown(path ? `${path}.${name}` : name)
    return input
  }

  #nameOf(member: Member): string {
    if (this.#dialect === 'query') return member.xmlName ?? member.name
    if (member.ec2QueryName !== undefined) return member.ec2QueryName
    const name = member.xmlName ?? member.name
    return name.charAt(0).toUpperCase() + name.slice(1)
  }

  #member(member: Member, node: Node, path: string): unknown {
    const { shape } = member
    switch (shape.type) {
      case 'structure':
        return this.structure(shape, node, path)
      case 'list': {
        const item = shape.item!
        const flat = this.#dialect === 'ec2' || member.xmlFlattened
        const at = flat
          ? node
          : (node.children.get(item.xmlName ?? 'member') ?? node.children.get('member'))
        return numbered(at, path).map((each, index) =>
          this.#member(item, each, `${path}.${index + 1}`),
        )
      }
      case 'map':
        return this.#map(member, node, path)
      default:
        return node.text === undefined ? undefined : readText(shape, node.text, path)
    }
  }

  #map(member: Member, node: Node, path: string): object {
    const { key, item } = member.shape
    const map: Record<string, unknown> = {}
    for (const entry of numbered(member.xmlFlattened ? node : node.children.get('entry'), path)) {
      const name = entry.children.get(key!.xmlName ?? 'key')?.text
      const value = entry.children.get(item!.xmlName ?? 'value')
      if (name === undefined || !value)
        throw serialization(`${path}: a map entry needs its key and its value`)
      put(map, name, this.#member(item!, value, `${path}.${name}`))
    }
    return map
  }
}

/** The children `1`, `2`, …: in the order of their numbers, which may have gaps and be huge. `List=` is the empty list. */
function numbered(node: Node | undefined, path: string): Node[] {
  const children: [number, Node][] = []
  for (const [name, child] of node?.children ?? []) {
    if (!/^\d{1,9}$/.test(name))
      throw serialization(`${path}.${name.slice(0, 100)} is not a list index`)
    children.push([Number(name), child])
  }
  return children.toSorted((a, b) => a[0] - b[0]).map(([, child]) => child)
}
