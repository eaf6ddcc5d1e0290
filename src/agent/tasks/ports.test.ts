import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Host } from '../host.ts'
import { joinRanges, PortChooser } from './ports.ts'

const RANGE = { first: 1000, last: 1019 }
const hostWith = (busy: ReadonlySet<number>): Host => ({
  info: () => Promise.reject(new Error('not asked')),
  makeTaskGroup: () => Promise.reject(new Error('not asked')),
  removeTaskGroup: () => Promise.reject(new Error('not asked')),
  ownAddress: () => Promise.reject(new Error('not asked')),
  listen: () => Promise.reject(new Error('not asked')),
  pauseArchive: () => Promise.reject(new Error('not asked')),
  realPath: () => Promise.reject(new Error('not asked')),
  isPortFree: async (port) => !busy.has(port),
})
const container = (containerPortRange: string) => ({
  name: 'a',
  image: 'image',
  portMappings: [{ containerPortRange, protocol: 'tcp' as const }],
})

test('a row of free ports is found where there is one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1000, max: 1019 })),
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 0, max: 3 }),
      async (busyPorts, count, before) => {
        const busy = new Set(busyPorts)
        const chooser = new PortChooser(hostWith(busy), RANGE)
        // Wherever the last choice ended.
        for (let index = 0; index < before; index += 1)
          await chooser.choose(container('80-81')).catch(() => {})
        const free = (first: number) =>
          Array.from({ length: count }, (_, index) => first + index).every(
            (port) => port <= RANGE.last && !busy.has(port),
          )
        const exists = Array.from({ length: 20 }, (_, index) => 1000 + index).some(free)
        const wanted = `8000-${8000 + count - 1}`
        try {
          const chosen = await chooser.choose(container(wanted))
          assert.ok(free(chosen[`${wanted}/tcp`] ?? 0))
        } catch (error) {
          assert.equal((error as Error).name, 'CannotCreateContainerError')
          assert.ok(!exists)
        }
      },
    ),
  )
})

test('two choices at a time do not overlap', async () => {
  const chooser = new PortChooser(hostWith(new Set()), RANGE)
  const chosen = await Promise.all([
    chooser.choose(container('1-5')),
    chooser.choose(container('1-5')),
    chooser.choose(container('1-5')),
  ])
  assert.deepEqual(
    chosen.map((ports) => ports['1-5/tcp']),
    [1000, 1005, 1010],
  )
})

test('a range is told as one binding', () => {
  const bind = (containerPort: number, hostPort: number) => ({
    bindIP: '0.0.0.0',
    containerPort,
    hostPort,
    protocol: 'tcp' as const,
  })
  assert.deepEqual(
    joinRanges(container('80-82'), [bind(443, 9), bind(80, 50), bind(81, 51), bind(82, 52)]),
    [
      bind(443, 9),
      { bindIP: '0.0.0.0', containerPortRange: '80-82', hostPortRange: '50-52', protocol: 'tcp' },
    ],
  )
})
