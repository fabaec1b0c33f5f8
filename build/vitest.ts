// The one test set-up every package uses: tests run against sources, so no build is needed between edits.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineProject, type UserWorkspaceConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))

export interface SourceAlias {
  readonly find: RegExp
  readonly replacement: string
}

/** A path, or conditions in order of preference, as in `exports` of a package.json. */
type Exported = string | { readonly [condition: string]: Exported }

/** The file that `exports` gives under `runtime`; null when it gives none. */
function resolveExport(exported: Exported, runtime: 'node' | 'browser'): string | null {
  if (typeof exported === 'string') return exported
  for (const [condition, value] of Object.entries(exported)) {
    if (condition !== runtime && condition !== 'default') continue
    const found = resolveExport(value, runtime)
    if (found !== null) return found
  }
  return null
}

function packageAliases(name: string, runtime: 'node' | 'browser'): SourceAlias[] {
  const manifest = JSON.parse(readFileSync(`${packages}${name}/package.json`, 'utf8'))
  const aliases: SourceAlias[] = []
  for (const [path, exported] of Object.entries<Exported>(manifest.exports ?? {})) {
    const file = resolveExport(exported, runtime)
    if (file === null || !file.endsWith('.js')) continue
    const source = file.replace('./dist/', `${packages}${name}/src/`).replace(/\.js$/, '.ts')
    aliases.push({ find: new RegExp(`^@hyphae/${name}${path.slice(1)}$`), replacement: source })
  }
  return aliases
}

/** Maps every public entry of every package to its source, as its `exports` would for `runtime`. */
export function sourceAliases(runtime: 'node' | 'browser'): SourceAlias[] {
  return readdirSync(packages)
    .filter((name) => existsSync(`${packages}${name}/package.json`))
    .flatMap((name) => packageAliases(name, runtime))
}

export function packageTests(name: string): UserWorkspaceConfig {
  return defineProject({
    resolve: { alias: sourceAliases('node') },
    test: { name, include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 30_000 },
  })
}
