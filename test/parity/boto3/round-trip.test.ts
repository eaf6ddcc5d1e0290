/** The same journey as round-trip.test.ts, from boto3: another code base that speaks to AWS every day. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { modelOf } from '#gateway/model.ts'

import { SOURCES } from '../../../tools/generate/facts.ts'
import { ACCESS_KEY_ID, EchoHouse, SECRET_ACCESS_KEY, withoutLimits } from '../echo-house.ts'
import { plain, RandomValues } from '../random-values.ts'

const run = promisify(execFile)
const hasBoto3 = await run('python3', ['-c', 'import boto3']).then(
  () => true,
  () => false,
)

test('boto3: every operation comes back as it went', async (context) => {
  if (!hasBoto3) {
    context.diagnostic('not run: boto3 (there is no python3 with boto3 here)')
    return
  }
  const house = new EchoHouse(new RandomValues(20_141_113))
  const operations = Object.fromEntries(
    SOURCES.map(({ facts }) => [
      facts.service,
      [...withoutLimits(modelOf(facts.service)).operations.keys()],
    ]),
  )
  const control = createServer((request, response) => {
    response.end(JSON.stringify(request.url === '/operations' ? operations : plain(house.last)))
  })
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve))
  const server = await house.gateway.listen({ host: '127.0.0.1', port: 0 })
  const url = (address: unknown) => `http://127.0.0.1:${(address as AddressInfo).port}`
  try {
    const script = join(import.meta.dirname, 'round_trip.py')
    const { stdout } = await run(
      'python3',
      [script, url(server.address()), url(control.address()), ACCESS_KEY_ID, SECRET_ACCESS_KEY],
      { maxBuffer: 64 * 1024 * 1024, timeout: 90_000 },
    )
    const report = JSON.parse(stdout) as { trips: number; skipped: string[]; failures: string[] }
    context.diagnostic(`${report.trips} round trips; not tried: ${report.skipped.join(' ')}`)
    assert.deepEqual(report.failures, [])
    assert.deepEqual(house.errors, [])
  } finally {
    await house.gateway.close()
    control.closeAllConnections()
    control.close()
  }
})
