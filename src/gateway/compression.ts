/** Bodies that come gzipped: big PutMetricData requests do. The signature is over the compressed bytes. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { Fault } from '#kernel/fault.ts'

import type { GatewayLimits } from './limits.ts'
import type { Request } from './request.ts'

const unzip = promisify(gunzip)

export async function inflate(request: Request, limits: GatewayLimits): Promise<Request> {
  const encoding = request.headers.get('content-encoding')?.toLowerCase()
  if (encoding !== 'gzip' || request.body.length === 0) return request
  try {
    return {
      ...request,
      body: await unzip(request.body, { maxOutputLength: limits.inflatedBytes }),
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw new Fault(
        'RequestEntityTooLarge',
        `The request body may have ${limits.inflatedBytes} bytes uncompressed.`,
        413,
      )
    throw new Fault('SerializationException', 'The request body is not valid gzip.')
  }
}
