/** A Docker Engine of the test's own, that it may stop, start and suspend; it has no network of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { until } from '../parity/house.ts'

const START_MS = 60_000
/** An inspection takes a few milliseconds. */
const WEDGED_MS = 1_000

export class Dockerd {
  readonly root = mkdtempSync(join(tmpdir(), 'berth-dockerd-'))
  readonly socketPath = join(this.root, 'docker.sock')
  readonly #liveRestore: boolean
  #child: ChildProcess | undefined
  #wedged: { readonly shim: number; readonly end: () => void } | undefined

  constructor(liveRestore: boolean) {
    this.#liveRestore = liveRestore
  }

  async start(): Promise<void> {
    this.#child = spawn(
      // A network of its own: without a bridge it would take away the machine's.
      'unshare',
      [
        '--net',
        '--',
        'dockerd',
        '--data-root',
        join(this.root, 'data'),
        '--exec-root',
        join(this.root, 'exec'),
        '--pidfile',
        join(this.root, 'pid'),
        '--host',
        `unix://${this.socketPath}`,
        '--bridge',
        'none',
        '--iptables=false',
        '--ip-masq=false',
        ...(this.#liveRestore ? ['--live-restore'] : []),
      ],
      { stdio: 'ignore' },
    )
    await until('the engine answers', () => this.answers(), START_MS)
  }

  /** In good order: without live restore it takes its containers with it. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }

  suspend(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** From now on whoever asks the engine about this container waits: its shim hangs, until `release`. */
  async wedge(container: string): Promise<void> {
    const pid = this.docker('inspect', '-f', '{{.State.Pid}}', container)
    const shim = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    process.kill(shim, 'SIGSTOP')
    const killing = this.#ask('POST', `/containers/${container}/kill`)
    await until('the engine waits for the shim', async () => {
      const asking = this.#ask('GET', `/containers/${container}/json`)
      const answer = await Promise.race([asking.answered, sleep(WEDGED_MS)])
      asking.end()
      return answer === undefined ? true : undefined
    })
    this.#wedged = { shim, end: killing.end }
  }

  release(): void {
    this.#wedged?.end()
    if (this.#wedged) process.kill(this.#wedged.shim, 'SIGCONT')
    this.#wedged = undefined
  }

  #ask(method: string, path: string) {
    const sending = request({ socketPath: this.socketPath, method, path })
    const answered = once(sending, 'response').then(
      () => true,
      () => true,
    )
    sending.end()
    return { answered, end: () => void sending.destroy() }
  }

  /** The same image as elsewhere, taken over from the machine's engine. */
  load(image: string): void {
    execFileSync('sh', ['-c', `docker save ${image} | docker -H unix://${this.socketPath} load`])
  }

  docker(...args: string[]): string {
    return execFileSync('docker', ['-H', `unix://${this.socketPath}`, ...args], {
      encoding: 'utf8',
    }).trim()
  }

  async remove(): Promise<void> {
    this.resume()
    this.release()
    for (const id of this.docker('ps', '-aq').split('\n')) if (id) this.docker('rm', '-f', id)
    await this.stop()
    // Mounts that it left behind would keep the folder.
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(this.root)) execFileSync('umount', ['-l', path])
    }
    rmSync(this.root, { recursive: true, force: true })
  }

  answers(): Promise<true | undefined> {
    return new Promise((resolve) => {
      request({ socketPath: this.socketPath, path: '/_ping' }, (response) => {
        response.resume()
        resolve(response.statusCode === 200 ? true : undefined)
      })
        .on('error', () => resolve(undefined))
        .end()
    })
  }
}
