/** Bodies that come gzipped: big PutMetricData requests do. The signature is over the compressed bytes. */
import { createGunzip } from 'node:zlib'

import { Fault } from '#kernel/fault.ts'

import type { GatewayLimits } from './limits.ts'
import type { Request } from './request.ts'

/** Only for a body whose signature is checked: what it grows to is counted while it grows. */
export async function inflate(request: Request, limits: GatewayLimits): Promise<Request> {
  const encoding = request.headers.get('content-encoding')?.toLowerCase()
  if (encoding !== 'gzip' || request.body.length === 0) return request
  try {
    return { ...request, body: await unzip(request, limits.inflatedBytes) }
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('SerializationException', 'The request body is not valid gzip.')
  }
}

async function unzip({ body, share }: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  const gunzip = createGunzip()
  gunzip.end(body)
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new Fault(
        'RequestEntityTooLarge',
        `The request body may have ${maxBytes} bytes uncompressed.`,
        413,
      )
    share?.take(chunk.length)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
