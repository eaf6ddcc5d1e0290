import { createServer, type AddressInfo } from 'node:net'

/** A port that nobody listens on now: for what must be told its port before it listens. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
