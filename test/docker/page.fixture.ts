/** A user who does what a page of docs/operations says, block after block, in a home of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Ran, removeContainers, run, until } from '../parity/house.ts'

const PAGES = join(import.meta.dirname, '../../docs/operations')
const PROGRAM = join(import.meta.dirname, '../../src/berth.ts')

/** The commands of a page. Names and addresses that stand for the reader's own become those of this machine. */
export function blocks(page: string, port: number): readonly string[] {
  const text = readFileSync(join(PAGES, page), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) =>
    block
      .replaceAll('berth.example', 'localhost')
      .replaceAll('0.0.0.0', '127.0.0.1')
      .replaceAll(':4580', `:${port}`),
  )
}

export class Reader {
  readonly home = mkdtempSync(join(tmpdir(), 'berth reader '))
  readonly data = join(this.home, '.local/share/berth')
  readonly #port: number
  readonly #bin = join(this.home, 'bin')

  constructor(port: number) {
    this.#port = port
    mkdirSync(this.#bin)
    const berth = join(this.#bin, 'berth')
    const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`
    writeFileSync(berth, `#!/bin/sh\nBERTH_CALLED=berth exec ${node} '${PROGRAM}' "$@"\n`)
    chmodSync(berth, 0o755)
  }

  get environment(): NodeJS.ProcessEnv {
    const others = Object.entries(process.env).filter(
      ([name]) => !/^(AWS|BERTH|ECS|XDG|SSL)_/.test(name),
    )
    return {
      ...Object.fromEntries(others),
      HOME: this.home,
      PATH: `${this.#bin}:${process.env['PATH']}`,
      BERTH_PORT: String(this.#port),
      AWS_PAGER: '',
    }
  }

  does(script: string, more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const text = `cd "$HOME"\n${script}`
    return run('sh', ['-euc', text], { ...this.environment, ...more })
  }

  /** For what runs until it is ended. */
  begins(script: string, more: NodeJS.ProcessEnv = {}): Begun {
    // The shell becomes its last command, which so hears signals itself.
    const text = `cd "$HOME"\n${script.trimEnd()}`.replace(/\n(?=[^\n]*$)/, '\nexec ')
    return new Begun(
      spawn('sh', ['-euc', text], {
        env: { ...this.environment, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
  }

  async leaves(...data: readonly string[]): Promise<void> {
    for (const folder of [this.data, ...data]) {
      await this.does('berth down', { BERTH_DATA: folder })
      await removeContainers(folder)
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

export class Begun {
  /** All that it has printed. */
  said = ''
  readonly child: ChildProcess
  readonly ended: Promise<unknown[]>

  constructor(child: ChildProcess) {
    this.child = child
    this.ended = once(child, 'exit')
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => (this.said += part.toString()))
  }

  says(text: RegExp): Promise<true> {
    return until(`it says ${text}`, () => {
      if (this.child.exitCode !== null) throw new Error(`it has ended: ${this.said}`)
      return text.test(this.said) || undefined
    })
  }

  /** Its exit code and signal. */
  end(signal: NodeJS.Signals): Promise<unknown[]> {
    this.child.kill(signal)
    return this.ended
  }
}
