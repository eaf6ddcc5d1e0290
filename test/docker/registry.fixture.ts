/** Debian's docker-registry on loopback, with what a test pushes there: Docker trusts such a registry without TLS. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '../parity/free-port.ts'
import { run, until } from '../parity/house.ts'
import { docker, importImage, removeImage } from './engine.fixture.ts'

export class Registry {
  readonly host: string
  readonly #root: string
  readonly #child: ChildProcess

  private constructor(root: string, port: number) {
    this.#root = root
    this.host = `127.0.0.1:${port}`
    const file = join(root, 'config.yml')
    const storage = { filesystem: { rootdirectory: join(root, 'blobs') } }
    // YAML is a superset of JSON.
    writeFileSync(
      file,
      JSON.stringify({ version: 0.1, log: { level: 'error' }, storage, http: { addr: this.host } }),
    )
    this.#child = spawn('docker-registry', ['serve', file], { stdio: 'ignore' })
  }

  static async start(): Promise<Registry> {
    const port = await freePort()
    const registry = new Registry(mkdtempSync(join(tmpdir(), 'berth-registry-')), port)
    await until('the registry answers', async () => {
      const answer = await fetch(`http://${registry.host}/v2/`).catch(() => undefined)
      return answer?.ok || undefined
    })
    return registry
  }

  /** Another image under the same name each time that `marker` is another. Returns its full name. */
  async push(name: string, marker: string): Promise<string> {
    const image = `${this.host}/${name}`
    await importImage(image, [`ENV MARKER=${marker}`])
    const { code, stderr } = await run('docker', ['push', '-q', image], process.env)
    if (code !== 0) throw new Error(stderr)
    await removeImage(image)
    return image
  }

  /** What engines have pulled from here goes too: its names mean nothing any more. */
  async stop(): Promise<void> {
    const reference = encodeURIComponent(JSON.stringify({ reference: [`${this.host}/*`] }))
    type Images = readonly { readonly Id: string }[]
    for (const { Id } of (await docker('GET', `/images/json?filters=${reference}`)) as Images)
      await docker('DELETE', `/images/${Id}?force=true`).catch(() => undefined)
    if (this.#child.exitCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exit
    }
    rmSync(this.#root, { recursive: true, force: true })
  }
}
