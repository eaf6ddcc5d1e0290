/** Finds a REST service's operation by method, path, and what its query and headers must hold. */
import type { Model, OperationModel } from './model.ts'
import { decodePath, type Request } from './request.ts'

type Segment = { readonly text: string } | { readonly label: string; readonly greedy: boolean }
type Pattern = {
  readonly operation: OperationModel
  readonly method: string
  readonly segments: readonly Segment[]
  /** Parameters that must be there; with a value, that very value. */
  readonly query: readonly (readonly [name: string, value: string | undefined])[]
  readonly headers: readonly string[]
  /** How much the pattern asks: the pickiest is tried first. */
  readonly weight: number
}
export type RestMatch = {
  readonly operation: OperationModel
  readonly labels: Readonly<Record<string, string>>
}

const routers = new WeakMap<Model, readonly Pattern[]>()

/** `bucket` is S3's: found in host or path before, empty for requests of the service itself, undefined elsewhere. */
export function matchRest(
  model: Model,
  request: Request,
  path: string,
  bucket: string | undefined,
): RestMatch | undefined {
  let patterns = routers.get(model)
  if (!patterns) routers.set(model, (patterns = compile(model)))
  const parts = path.split('/').slice(1)
  if (parts.length > 1 && parts.at(-1) === '') parts.pop()
  for (const pattern of patterns) {
    if (pattern.method !== request.method) continue
    if (bucket !== undefined && pattern.operation.input.byName.has('Bucket') !== (bucket !== ''))
      continue
    if (!asks(pattern, request)) continue
    const labels = labelsOf(pattern.segments, parts)
    if (labels)
      return {
        operation: pattern.operation,
        labels: bucket ? { ...labels, Bucket: bucket } : labels,
      }
  }
  return undefined
}

function compile(model: Model): Pattern[] {
  return [...model.operations.values()]
    .flatMap((operation) => patternOf(operation) ?? [])
    .toSorted((a, b) => b.segments.length - a.segments.length || b.weight - a.weight)
}

function patternOf(operation: OperationModel): Pattern | undefined {
  if (!operation.http) return undefined
  const [method, uri] = operation.http
  const [path = '', parameters = ''] = uri.split('?')
  const segments = path.split('/').slice(1).map(segmentOf)
  if (segments.length > 1 && 'text' in segments.at(-1)! && path.endsWith('/')) segments.pop()
  const query: [string, string | undefined][] = []
  for (const parameter of parameters.split('&').filter((each) => each !== '')) {
    const [name = '', value] = parameter.split('=')
    // The SDKs add `x-id` for themselves; other clients do not.
    if (name !== 'x-id') query.push([name, value || undefined])
  }
  const headers: string[] = []
  for (const member of operation.input.members)
    if (member.required && member.httpQuery !== undefined) query.push([member.httpQuery, undefined])
    else if (member.required && member.httpHeader !== undefined)
      headers.push(member.httpHeader.toLowerCase())
  const literal = segments.reduce(
    (sum, segment) => sum * 4 + ('text' in segment ? 3 : segment.greedy ? 1 : 2),
    0,
  )
  return {
    operation,
    method,
    segments,
    query,
    headers,
    weight: literal * 100 + query.length * 10 + headers.length,
  }
}

function segmentOf(text: string): Segment {
  const label = /^\{(\w+)(\+?)\}$/.exec(text)
  return label ? { label: label[1]!, greedy: label[2] === '+' } : { text }
}

function asks(pattern: Pattern, request: Request): boolean {
  for (const [name, value] of pattern.query)
    if (
      !request.query.some((pair) => pair[0] === name && (value === undefined || pair[1] === value))
    )
      return false
  return pattern.headers.every((name) => request.headers.has(name))
}

function labelsOf(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const greedy = segments.some((segment) => 'greedy' in segment && segment.greedy)
  if (greedy ? parts.length < segments.length : parts.length !== segments.length) return undefined
  const labels: Record<string, string> = {}
  let at = 0
  for (const [index, segment] of segments.entries()) {
    if ('text' in segment) {
      if (parts[at++] !== segment.text) return undefined
      continue
    }
    const count = segment.greedy ? parts.length - (segments.length - 1 - index) - at : 1
    const raw = parts.slice(at, at + count).join('/')
    if (raw === '') return undefined
    labels[segment.label] = decodePath(raw)
    at += count
  }
  return labels
}
