/** Writes the page that shows every operation of every service as done or not. What is done is the server's to say. */
import { modelOf } from '#gateway/model.ts'
import type { Unbuilt } from '#room/unbuilt.ts'

import { SOURCES } from './generate/facts.ts'

/** Operations by service that rooms answer; all others answer 501. */
export type Refused = Readonly<Record<string, Unbuilt>>
export type BuiltOperations = Readonly<Record<string, readonly string[]>>

/** The page's Markdown. Throws on an operation that its service does not have: a slip in a door. */
export function coveragePage(built: BuiltOperations, refused: Refused): string {
  const services = SOURCES.map(({ facts }) => facts.service)
  for (const service of Object.keys(built))
    if (!services.includes(service)) throw new Error(`no service is called ${service}`)
  const rows = services.map((service) => rowOf(service, new Set(built[service])))
  const done = rows.reduce((sum, row) => sum + row.done.length, 0)
  const all = rows.reduce((sum, row) => sum + row.done.length + row.missing.length, 0)
  return [
    '# What is built',
    '',
    '<!-- Generated; do not edit. -->',
    '',
    `Of ${all} operations of ${rows.length} AWS services, ${done} are built. The others answer 501 NotImplemented with their name, in`,
    'the protocol in which they were asked.',
    '',
    '| service | built | of |',
    '| --- | --: | --: |',
    ...rows.map(
      ({ service, done: here, missing }) =>
        `| ${service} | ${here.length} | ${here.length + missing.length} |`,
    ),
    '',
    ...rows.filter((row) => row.done.length > 0).flatMap(section),
    ...waiting(refused),
  ].join('\n')
}

/** What is refused still though the room that it waited for is there. */
export function overdue(built: BuiltOperations, refused: Refused): string[] {
  return Object.entries(refused).flatMap(([service, unbuilt]) =>
    Object.entries(unbuilt)
      .filter(([, waitsFor]) => (built[waitsFor]?.length ?? 0) > 0)
      .map(([what, waitsFor]) => `${service}: ${what} waited for ${waitsFor}, which is there`),
  )
}

/** What is refused by name until another room can act on it, by service. */
function waiting(refused: Refused): string[] {
  const rows = Object.entries(refused).flatMap(([service, unbuilt]) =>
    Object.entries(unbuilt).map(([what, waitsFor]) => ({ service, what, waitsFor })),
  )
  const order = (text: string): string => text.replace('no room', '~')
  rows.sort((a, b) => (order(a.waitsFor) < order(b.waitsFor) ? -1 : 1))
  return [
    '## Refused until something else is built',
    '',
    'What is refused by name, and the service whose room it waits for. What waits for no room a later release may have.',
    '',
    '| waits for | service | refused |',
    '| --- | --- | --- |',
    ...Object.entries(
      Object.groupBy(rows, ({ service, waitsFor }) => `${waitsFor} | ${service}`),
    ).map(([head, group = []]) => `| ${head} | ${group.map(({ what }) => what).join(', ')} |`),
    '',
  ]
}

type Row = {
  readonly service: string
  readonly done: readonly string[]
  readonly missing: readonly string[]
}

function rowOf(service: string, built: ReadonlySet<string>): Row {
  const operations = [...modelOf(service).operations.keys()]
  for (const name of built)
    if (!operations.includes(name)) throw new Error(`${service} has no operation ${name}`)
  return {
    service,
    done: operations.filter((name) => built.has(name)),
    missing: operations.filter((name) => !built.has(name)),
  }
}

function section({ service, done, missing }: Row): string[] {
  const lines = [`## ${service}`, '', `Built: ${done.join(', ')}.`, '']
  return missing.length > 0 ? [...lines, `Not built: ${missing.join(', ')}.`, ''] : lines
}
