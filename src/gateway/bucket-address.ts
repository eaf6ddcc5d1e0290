/** Where S3's bucket is: the SDK's model leaves it out of the paths, since it may be in the host. */
import { isIP } from 'node:net'

import { decodePath, type Request } from './request.ts'

/** `bucket.s3.…`, or any name before `localhost`, which resolves everywhere without DNS. */
const VIRTUAL_HOST = /^(.+?)\.(?:s3[.-].*|s3|localhost)$/

export function bucketOf(
  request: Request,
  service: string,
): { readonly bucket: string; readonly path: string } {
  const host = (request.headers.get('host') ?? '').replace(/:\d+$/, '')
  const virtual = isIP(host) ? undefined : VIRTUAL_HOST.exec(host)?.[1]
  if (virtual !== undefined && virtual !== service) return { bucket: virtual, path: request.path }
  const [, first = '', rest] = /^\/([^/]*)(\/.*)?$/.exec(request.path) ?? []
  return { bucket: decodePath(first), path: rest ?? '/' }
}
