/**
 * Gives the best host for a task again and again while hosts change. What it gives is what looking at all hosts anew
 * would give: those that cannot take the task or break a constraint are left out, then the strategies choose, each
 * breaking the ties of the one before, then chance. Only a host that changed is looked at again.
 *
 * Hosts with the same values of the attributes that tasks are spread over differ only in what is each one's own, so
 * they stand in one heap, and the best of all is one of the heaps' first.
 */
import type { PlacementStrategy } from '#contract/ecs.ts'

import type { Need } from '../definitions/need.ts'
import type { Predicate, Subject } from '../query/query.ts'
import { type Constraint, type Host, judge, lackedResource, type Refusal, unfit } from './place.ts'
import { type Entry, Heap } from './placer-heap.ts'

export class Placer<H extends Host> {
  readonly #need: Need
  readonly #constraints: readonly Constraint[]
  readonly #predicates: readonly Predicate[]
  readonly #isDistinct: boolean
  readonly #levels: readonly Level[]
  readonly #random: () => number
  readonly #places = new Map<string, Place<H>>()
  readonly #shelves = new Map<string, Shelf<H>>()
  /** By level and value: how many tasks of the group all hosts with the value have. */
  readonly #counters = new Map<string, Counter>()
  /** The draw of the last one given: who draws anew draws behind it, so that each of equals is as likely as the others. */
  #drawn = 0
  #asksOfTasks = false

  /** `random` gives a number from 0 to 1; it decides only between hosts that are equally good. */
  constructor(
    need: Need,
    constraints: readonly Constraint[],
    strategies: readonly PlacementStrategy[],
    random: () => number,
  ) {
    this.#need = need
    this.#constraints = constraints
    this.#predicates = constraints.flatMap((one) => (one.type === 'memberOf' ? [one.holds] : []))
    this.#isDistinct = constraints.some(({ type }) => type === 'distinctInstance')
    this.#levels = levelsOf(strategies)
    this.#random = random
  }

  /** Whether a constraint asked what runs on a host: then it has to be told when that changes, and nothing else does. */
  get asksOfTasks(): boolean {
    return this.#asksOfTasks
  }

  /** A host as it is now, and how many tasks of the group it has; nothing when it is gone. */
  set(key: string, host: H | undefined, count = 0): void {
    const before = this.#places.get(key)
    if (!host) return before && this.#remove(key, before)
    if (before && before.host.attributes !== host.attributes) this.#remove(key, before)
    const place = this.#places.get(key) ?? this.#add(key, host)
    if (count !== place.count) {
      for (const counter of place.shelf.counters) counter.count += count - place.count
      place.count = count
    }
    place.verdict = this.#verdict(place, host)
    place.host = host
    if (!this.#fits(place, host)) return place.shelf.heap.remove(place)
    for (const { own, at } of this.#levels) if (own) place.scores[at] = own(host, count)
    place.draw = this.#drawn - Math.log(1 - this.#random())
    place.shelf.heap.put(place)
  }

  /** The best host; nothing where none can take the task. Until it is set anew it stays the best. */
  best(): H | undefined {
    let best: Shelf<H> | undefined
    for (const shelf of this.#shelves.values())
      if (shelf.heap.first && (!best || this.#isBefore(shelf, best))) best = shelf
    if (!best?.heap.first) return undefined
    this.#drawn = Math.max(this.#drawn, best.heap.first.draw)
    return best.heap.first.host
  }

  /** Why none takes the task, host by host. */
  refusals(): Refusal[] {
    return [...this.#places.values()].flatMap(({ host, count }) => {
      const why = judge(this.#need, this.#constraints, host, count)
      return why ? [{ arn: host.arn, ...why }] : []
    })
  }

  #isBefore(one: Shelf<H>, other: Shelf<H>): boolean {
    const [a, b] = [one.heap.first as Place<H>, other.heap.first as Place<H>]
    for (const { own, at } of this.#levels) {
      const less = own
        ? (a.scores[at] as number) - (b.scores[at] as number)
        : (one.counters[at] as Counter).count - (other.counters[at] as Counter).count
      if (less !== 0) return less < 0
    }
    return a.draw === b.draw ? a.key < b.key : a.draw < b.draw
  }

  #fits({ verdict, count }: Place<H>, host: H): boolean {
    if (!host.active || !verdict.holds || (this.#isDistinct && count > 0)) return false
    return lackedResource(this.#need, host.remaining) === undefined
  }

  /** Of attributes and expressions: as before while the host is the same machine and no expression asked of its tasks. */
  #verdict({ host: before, verdict }: Place<H>, host: H): Verdict {
    if (verdict.lasts && isSameMachine(before, host)) return verdict
    if (!host.agentConnected || unfit(this.#need, host)) return { holds: false, lasts: true }
    const asked = new Asked(host)
    const holds = this.#predicates.every((predicate) => predicate(asked))
    this.#asksOfTasks ||= asked.ofTasks
    return { holds, lasts: !asked.ofTasks }
  }

  #add(key: string, host: H): Place<H> {
    const values = this.#levels.flatMap(({ value }) => (value ? [value(host)] : []))
    const name = JSON.stringify(values)
    let shelf = this.#shelves.get(name)
    if (!shelf) {
      const counters = values.map((value, at) => this.#counter(`${at} ${value}`))
      shelf = { name, counters, heap: new Heap(), size: 0 }
      this.#shelves.set(name, shelf)
    }
    shelf.size += 1
    const verdict = { holds: false, lasts: false }
    const scores = this.#levels.filter(({ own }) => own).map(() => Number.NaN)
    const place = { key, host, shelf, count: 0, verdict, scores, draw: 0, at: -1 }
    this.#places.set(key, place)
    return place
  }

  #counter(name: string): Counter {
    let counter = this.#counters.get(name)
    if (!counter) this.#counters.set(name, (counter = { count: 0 }))
    return counter
  }

  #remove(key: string, place: Place<H>): void {
    const { shelf, count } = place
    for (const counter of shelf.counters) counter.count -= count
    shelf.heap.remove(place)
    shelf.size -= 1
    if (shelf.size === 0) this.#shelves.delete(shelf.name)
    this.#places.delete(key)
  }
}

type Verdict = { readonly holds: boolean; readonly lasts: boolean }
type Counter = { count: number }
/** Hosts that have the same value of each attribute that tasks are spread over. */
type Shelf<H> = {
  readonly name: string
  readonly counters: readonly Counter[]
  readonly heap: Heap<Place<H>>
  size: number
}
type Place<H> = Entry & { host: H; readonly shelf: Shelf<H>; count: number; verdict: Verdict }

/** A strategy as an order: by a number of each host's own, or by one that all hosts of a value share. */
type Level = {
  readonly own?: (host: Host, count: number) => number
  readonly value?: (host: Host) => string
  /** Its place among those of its kind. */
  readonly at: number
}

function levelsOf(strategies: readonly PlacementStrategy[]): Level[] {
  let [own, shared] = [0, 0]
  return strategies.flatMap(({ type, field = '' }): Level[] => {
    if (type === 'random') return []
    if (type === 'binpack')
      return field.toLowerCase() === 'cpu'
        ? [{ own: ({ remaining }) => remaining.cpu, at: own++ }]
        : [{ own: ({ remaining }) => remaining.memoryMiB, at: own++ }]
    if (field === 'instanceId' || field === 'host')
      return [{ own: (_host, count) => count, at: own++ }]
    // Hosts without the attribute are one group.
    const name = field.replace(/^attribute:/, '')
    return [{ value: ({ attributes }) => attributes.get(name) ?? '', at: shared++ }]
  })
}

const isSameMachine = (one: Host, other: Host): boolean =>
  one.attributes === other.attributes &&
  one.agentConnected === other.agentConnected &&
  one.agentVersion === other.agentVersion &&
  one.ec2InstanceId === other.ec2InstanceId &&
  one.registeredAt === other.registeredAt

/** A host that remembers whether it was asked about its tasks, which change while it stays the same machine. */
class Asked implements Subject {
  ofTasks = false
  readonly #of: Subject

  constructor(of: Subject) {
    this.#of = of
  }

  get agentConnected(): boolean {
    return this.#of.agentConnected
  }
  get agentVersion(): string | undefined {
    return this.#of.agentVersion
  }
  get ec2InstanceId(): string {
    return this.#of.ec2InstanceId
  }
  get registeredAt(): number {
    return this.#of.registeredAt
  }
  get attributes(): ReadonlyMap<string, string> {
    return this.#of.attributes
  }
  get runningTasksCount(): number {
    this.ofTasks = true
    return this.#of.runningTasksCount
  }
  get taskGroups(): readonly string[] {
    this.ofTasks = true
    return this.#of.taskGroups
  }
}
