/** Certificates and keys in PEM files: what cannot be read is said with its file and line. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

import { ConfigError, readNamed } from './config.ts'

type Block = { readonly label: string; readonly line: number; readonly text: string }
export type Certificates = { readonly pem: string; readonly list: readonly X509Certificate[] }

/** At least one certificate; the first one is the file's own, the others are those above it. */
export function readCertificates(file: string): Certificates {
  const pem = readNamed(file)
  const list = blocksOf(file, pem)
    .filter(({ label }) => label === 'CERTIFICATE' || label === 'TRUSTED CERTIFICATE')
    .map(({ text, line }) => {
      try {
        return new X509Certificate(text)
      } catch {
        throw new ConfigError(`${file}, line ${line}: this is no certificate that can be read`)
      }
    })
  if (list.length === 0) throw new ConfigError(`${file} has no certificate: it must be PEM`)
  return { pem, list }
}

export function readPrivateKey(file: string): { readonly pem: string; readonly key: KeyObject } {
  const pem = readNamed(file)
  const block = blocksOf(file, pem).find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (!block) throw new ConfigError(`${file} has no private key: it must be PEM`)
  try {
    return { pem, key: createPrivateKey(block.text) }
  } catch {
    throw new ConfigError(
      `${file}, line ${block.line}: this is no private key that can be read without a passphrase`,
    )
  }
}

/** The blocks of a file with the line on which each begins. */
function blocksOf(file: string, pem: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { label: string; line: number; lines: string[] } | undefined
  for (const [index, line] of pem.split('\n').entries()) {
    const [, edge, label = ''] = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(line) ?? []
    if (edge === 'BEGIN' && open === undefined) open = { label, line: index + 1, lines: [line] }
    else if (open !== undefined) {
      open.lines.push(line)
      if (edge === 'BEGIN')
        throw new ConfigError(`${file}, line ${index + 1}: the block before it does not end`)
      if (edge === undefined) continue
      blocks.push({ ...open, text: `${open.lines.join('\n')}\n` })
      open = undefined
    }
  }
  if (open) throw new ConfigError(`${file}, line ${open.line}: this block does not end`)
  return blocks
}
