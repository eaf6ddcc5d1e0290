/** XML bodies of REST-XML requests. saxes parses; it expands no entity but XML's own five. */
import { SaxesParser } from 'saxes'

import type { Member, Shape } from '../model.ts'
import type { Decoding } from './protocol.ts'
import { put, readText, serialization } from './scalars.ts'

export type Element = {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
}

export function parseXml(bytes: Uint8Array, depth: number): Element {
  const root: Element = { tag: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', () => {
    throw serialization('A document type is not taken.')
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > depth) throw serialization(`The document nests more than ${depth} levels.`)
    const element: Element = { tag: local(name), attributes, children: [], text: '' }
    open.at(-1)!.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  const text = (value: string) => void (open.at(-1)!.text += value)
  parser.on('text', text)
  parser.on('cdata', text)
  try {
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close()
  } catch (error) {
    if (error instanceof Error && error.name === 'Fault') throw error
    throw serialization(
      'The XML you provided was not well-formed or did not validate against our published schema.',
    )
  }
  return root.children[0]!
}

const local = (name: string) => name.slice(name.indexOf(':') + 1)

/** The members that elements of a structure hold; `only` picks those that a REST request has in its body. */
export function readXmlMembers(
  shape: Shape,
  element: Element,
  path: string,
  decoding: Decoding,
  only: readonly Member[] = shape.members,
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  const known = new Set<string>()
  for (const member of only) {
    const name = member.xmlName ?? member.name
    if (member.xmlAttribute) {
      const text = element.attributes[name]
      if (text !== undefined) input[member.name] = readText(member.shape, text, `${path}.${name}`)
      continue
    }
    known.add(local(name))
    const found = element.children.filter((child) => child.tag === local(name))
    if (found.length > 0)
      input[member.name] = readXml(member, found, path ? `${path}.${name}` : name, decoding)
  }
  for (const child of element.children)
    if (!known.has(child.tag)) decoding.unknown(path ? `${path}.${child.tag}` : child.tag)
  return input
}

export function readXml(
  member: Member,
  elements: readonly Element[],
  path: string,
  decoding: Decoding,
): unknown {
  const { shape } = member
  const element = elements[0]!
  switch (shape.type) {
    case 'structure':
      return readXmlMembers(shape, element, path, decoding)
    case 'list': {
      const item = shape.item!
      const items = member.xmlFlattened
        ? elements
        : element.children.filter((child) => child.tag === (item.xmlName ?? 'member'))
      return items.map((each, index) => readXml(item, [each], `${path}.${index + 1}`, decoding))
    }
    case 'map': {
      const map: Record<string, unknown> = {}
      for (const entry of member.xmlFlattened ? elements : element.children) {
        const key = entry.children.find((child) => child.tag === (shape.key!.xmlName ?? 'key'))
        const value = entry.children.find((child) => child.tag === (shape.item!.xmlName ?? 'value'))
        if (key && value)
          put(map, key.text, readXml(shape.item!, [value], `${path}.${key.text}`, decoding))
      }
      return map
    }
    default:
      return readText(shape, shape.type === 'string' ? element.text : element.text.trim(), path)
  }
}
