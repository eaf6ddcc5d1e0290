/** Strips the types from src/ into dist/: the same files, as JavaScript that Node runs without a compiler in memory. */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative } from 'node:path'

const SOURCE = 'src'
const TARGET = 'dist'

/** `#room/file.ts` and `./file.ts` become relative paths of JavaScript files: dist/ stands alone. */
export function rewriteImports(path: string, code: string): string {
  return code.replace(
    /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)'([#.][^']+\.ts)'/g,
    (_whole, before: string, specifier: string) => {
      const target = specifier.startsWith('#')
        ? relative(dirname(path), specifier.slice(1))
        : specifier
      const relativeTarget = target.startsWith('.') ? target : `./${target}`
      return `${before}'${relativeTarget.replace(/\.ts$/, '.js')}'`
    },
  )
}

function build(): void {
  rmSync(TARGET, { recursive: true, force: true })
  for (const path of globSync('**/*.ts', { cwd: SOURCE })) {
    if (/\.(test|suite|fixture)\.ts$/.test(path) || path.endsWith('.d.ts')) continue
    const code = stripTypeScriptTypes(readFileSync(join(SOURCE, path), 'utf8'))
    const target = join(TARGET, path.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, rewriteImports(path, code))
  }
  for (const path of globSync('**/*.json', { cwd: SOURCE })) {
    mkdirSync(dirname(join(TARGET, path)), { recursive: true })
    cpSync(join(SOURCE, path), join(TARGET, path))
  }
}

if (import.meta.main) build()
