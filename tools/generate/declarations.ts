/**
 * What only the SDK's type declarations tell: which enum a member has, and what an operation throws where botocore
 * does not know the operation yet. The declarations are generated, so that a line-wise reading is enough.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export type Declarations = {
  /** The type text of a structure's member, such as `CapacityProviderField[]`. */
  readonly memberType: (structure: string, member: string) => string | undefined
  readonly throws: (operation: string) => readonly string[]
}

export function readDeclarations(packageFolder: string): Declarations {
  const folder = join(packageFolder, 'dist-types/models')
  const types = new Map<string, string>()
  for (const file of readdirSync(folder))
    if (file.endsWith('.d.ts')) collect(readFileSync(join(folder, file), 'utf8'), types)
  return {
    memberType: (structure, member) => types.get(`${structure}.${member}`),
    throws: (operation) =>
      thrown(join(packageFolder, `dist-types/commands/${operation}Command.d.ts`)),
  }
}

function collect(text: string, types: Map<string, string>): void {
  let structure = ''
  for (const line of text.split('\n')) {
    const opened = /^export (?:declare class|interface) (\w+)/.exec(line)
    if (opened) structure = opened[1]!
    const member = /^ {4}(?:readonly )?"?([\w-]+)"?\??: (.+);$/.exec(line)
    if (member) types.set(`${structure}.${member[1]}`, member[2]!)
  }
}

function thrown(path: string): readonly string[] {
  if (!existsSync(path)) return []
  return [
    ...readFileSync(path, 'utf8').matchAll(/@throws \{@link (\w+)\} \((?:client|server) fault\)/g),
  ].map((match) => match[1]!)
}
