import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'

import { SignatureV4 } from '@smithy/signature-v4'

import { sign } from './sign.ts'

const NOW = Date.UTC(2026, 10, 21, 2, 47, 36)
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' }

class Sha256 {
  #hash: ReturnType<typeof createHash>
  constructor(key?: unknown) {
    this.#hash = (
      key === undefined ? createHash('sha256') : createHmac('sha256', key as Uint8Array)
    ) as ReturnType<typeof createHash>
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
  reset(): void {}
}

const cases = [
  {
    method: 'POST',
    url: 'http://127.0.0.1:8899/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Target.Operation' },
    body: '{"cluster":"default"}',
  },
  {
    method: 'GET',
    url: 'http://127.0.0.1:8899/acs/ws?agentVersion=0.1.0&clusterArn=default&dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1&seqNum=1',
    body: '',
  },
]

for (const request of cases)
  test(`${request.method} is signed as AWS's own signer signs it`, async () => {
    const url = new URL(request.url)
    const signer = new SignatureV4({
      credentials,
      region: 'us-east-1',
      service: 'ecs',
      sha256: Sha256,
      applyChecksum: false,
    })
    const theirs = await signer.sign(
      {
        method: request.method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { host: url.host, ...request.headers },
        body: request.body,
      },
      { signingDate: new Date(NOW) },
    )
    const ours = sign(request, { credentials, region: 'us-east-1', now: NOW })
    assert.equal(ours['authorization'], theirs.headers['authorization'])
    assert.equal(ours['x-amz-date'], theirs.headers['x-amz-date'])
  })
