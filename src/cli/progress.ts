/** One line a step: what is being done, then what came of it and how long it took. */
import { styleText } from 'node:util'

/** `run` gives the words of its result, or a value with them. */
export async function step(name: string, run: () => Promise<string>): Promise<string>
export async function step<T>(name: string, run: () => Promise<readonly [T, string]>): Promise<T>
export async function step<T>(
  name: string,
  run: () => Promise<string | readonly [T, string]>,
): Promise<T | string> {
  const begin = Date.now()
  const isTerminal = process.stdout.isTTY
  if (isTerminal) process.stdout.write(`… ${name}`)
  try {
    const result = await run()
    const [value, words] = typeof result === 'string' ? [result, result] : result
    const seconds = ((Date.now() - begin) / 1000).toFixed(1)
    line(`${styleText('green', '✓')} ${name}: ${words} ${styleText('dim', `(${seconds} s)`)}`)
    return value
  } catch (error) {
    line(`${styleText('red', '✗')} ${name}`)
    throw error
  }

  function line(text: string): void {
    process.stdout.write(isTerminal ? `\r\u001B[2K${text}\n` : `${text}\n`)
  }
}
