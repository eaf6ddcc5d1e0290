/** Outputs as XML: Query, EC2 and REST-XML write values alike. */
import { assert } from '#kernel/assert.ts'

import type { Member, Shape } from '../model.ts'
import { checkMembers, writeText } from './scalars.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
}
// XML 1.0 has no way to write these at all.
// oxlint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(UNWRITABLE, '\uFFFD')
    .replaceAll(/[&<>"\r]/g, (sign) => ESCAPES[sign]!)
}

/** The members of a structure that are elements; `only` picks those that a REST answer has in its body. */
export function writeXmlMembers(
  shape: Shape,
  value: unknown,
  only: readonly Member[] = shape.members,
): string {
  const given = checkMembers(shape, value)
  let xml = ''
  for (const member of only) {
    const each = given[member.name]
    if (each !== undefined && each !== null && !member.xmlAttribute)
      xml += writeXml(member, each, member.xmlName ?? member.name)
  }
  return xml
}

export function writeXml(member: Member, value: unknown, tag: string): string {
  const { shape } = member
  switch (shape.type) {
    case 'structure':
      return `<${tag}${attributes(member, value)}>${writeXmlMembers(shape, value)}</${tag.split(' ', 1)[0]}>`
    case 'list':
      return writeList(member, value, tag)
    case 'map':
      return writeMap(member, value, tag)
    default:
      return `<${tag}>${escapeXml(writeText(shape, value, 'date-time'))}</${tag}>`
  }
}

/** An empty list is its empty wrapper: clients read that as empty, and its absence as unknown. */
function writeList(member: Member, value: unknown, tag: string): string {
  assert(Array.isArray(value), 'a list of an answer is no array')
  const item = member.shape.item!
  const name = member.xmlFlattened ? tag : (item.xmlName ?? 'member')
  let inner = ''
  for (const each of value)
    if (each !== undefined && each !== null) inner += writeXml(item, each, name)
  return member.xmlFlattened ? inner : `<${tag}>${inner}</${tag}>`
}

function writeMap(member: Member, value: unknown, tag: string): string {
  assert(typeof value === 'object' && value !== null, 'a map of an answer is no object')
  const { key, item } = member.shape
  const [keyTag, valueTag, entry] = [
    key!.xmlName ?? 'key',
    item!.xmlName ?? 'value',
    member.xmlFlattened ? tag : 'entry',
  ]
  let inner = ''
  for (const [name, each] of Object.entries(value))
    if (each !== undefined && each !== null)
      inner += `<${entry}><${keyTag}>${escapeXml(name)}</${keyTag}>${writeXml(item!, each, valueTag)}</${entry}>`
  return member.xmlFlattened ? inner : `<${tag}>${inner}</${tag}>`
}

function attributes(member: Member, value: unknown): string {
  let text = ''
  if (member.xmlNamespace) {
    const [prefix, uri] = member.xmlNamespace
    text += ` xmlns${prefix ? `:${prefix}` : ''}="${attribute(uri)}"`
  }
  const given = value as Readonly<Record<string, unknown>>
  for (const each of member.shape.members)
    if (each.xmlAttribute && given[each.name] !== undefined)
      text += ` ${each.xmlName ?? each.name}="${attribute(writeText(each.shape, given[each.name], 'date-time'))}"`
  return text
}

const attribute = (text: string) => escapeXml(text).replaceAll('\n', '&#xA;')
