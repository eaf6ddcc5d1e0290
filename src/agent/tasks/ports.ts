/** Host ports for a container's port ranges: as many in a row as the range has. */
import type { NetworkBinding } from '#wire/calls.ts'
import type { AcsContainer } from '#wire/task.ts'

import { EngineError } from '../engine.ts'
import type { Host, PortRange } from '../host.ts'

type Protocol = 'tcp' | 'udp'
/** The first host port of each range, by `rangeKey`. */
export type HostPorts = Readonly<Record<string, number>>

export type ContainerRange = PortRange & { readonly protocol: Protocol; readonly text: string }

export function rangesOf(container: AcsContainer): readonly ContainerRange[] {
  return (container.portMappings ?? []).flatMap(({ containerPortRange, protocol }) => {
    const [first, last] = (containerPortRange ?? '').split('-').map(Number)
    if (!containerPortRange || !first || !last || last < first) return []
    return [{ first, last, protocol: protocol ?? 'tcp', text: containerPortRange }]
  })
}

export function rangeKey({ text, protocol }: ContainerRange): string {
  return `${text}/${protocol}`
}

/** Chooses ports that are free. Each choice goes on where the last one ended, so two at a time do not collide. */
export class PortChooser {
  readonly #host: Host
  readonly #range: PortRange
  #next: number

  constructor(host: Host, range: PortRange) {
    this.#host = host
    this.#range = range
    this.#next = range.first
  }

  async choose(container: AcsContainer): Promise<HostPorts> {
    const chosen: Record<string, number> = {}
    for (const range of rangesOf(container))
      chosen[rangeKey(range)] = await this.#row(range.last - range.first + 1, range.protocol)
    return chosen
  }

  async #row(count: number, protocol: Protocol): Promise<number> {
    const { first, last } = this.#range
    let tries = last - first + 1
    while (tries > 0) {
      if (this.#next + count - 1 > last) {
        tries -= last - this.#next + 1
        this.#next = first
        if (first + count - 1 > last) break
      }
      const start = this.#next
      // Taken before it is looked at: somebody else may choose while this waits.
      this.#next += count
      const busy = await this.#firstBusy(start, count, protocol)
      if (busy === undefined) return start
      tries -= busy - start + 1
      this.#next = Math.max(this.#next - count, busy) + 1
    }
    throw new EngineError(
      'CannotCreateContainerError',
      `${count} contiguous host ports are not free between ${first} and ${last}`,
    )
  }

  async #firstBusy(start: number, count: number, protocol: Protocol): Promise<number | undefined> {
    for (let port = start; port < start + count; port += 1)
      if (!(await this.#host.isPortFree(port, protocol))) return port
    return undefined
  }
}

/** What is told of a container's ports: one binding a range, where the engine tells one a port. */
export function joinRanges(
  container: AcsContainer | undefined,
  bindings: readonly NetworkBinding[],
): readonly NetworkBinding[] {
  const ranges = container ? rangesOf(container) : []
  if (ranges.length === 0) return bindings
  const single = bindings.filter(
    (binding) =>
      !ranges.some((range) => range.protocol === binding.protocol && within(binding, range)),
  )
  const joined = ranges.flatMap((range) => {
    const first = bindings.find(
      ({ containerPort, protocol }) => containerPort === range.first && protocol === range.protocol,
    )
    if (first?.hostPort === undefined) return []
    const { bindIP, hostPort, protocol } = first
    const hostPortRange = `${hostPort}-${hostPort + range.last - range.first}`
    return [{ bindIP, containerPortRange: range.text, hostPortRange, protocol }]
  })
  return [...single, ...joined]
}

function within({ containerPort = 0 }: NetworkBinding, { first, last }: PortRange): boolean {
  return containerPort >= first && containerPort <= last
}
