// The one test set-up every package uses: tests run against sources, so no build is needed between edits.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineProject, type UserWorkspaceConfig } from 'vitest/config'
import { moduleEntries } from '../scripts/lib/exports.mjs'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))

export interface SourceAlias {
  readonly find: RegExp
  readonly replacement: string
}

function packageAliases(name: string, runtime: 'node' | 'browser'): SourceAlias[] {
  const manifest = JSON.parse(readFileSync(`${packages}${name}/package.json`, 'utf8'))
  return moduleEntries(manifest, runtime).map(({ specifier, file }) => ({
    find: new RegExp(`^${specifier}$`),
    replacement: file.replace('./dist/', `${packages}${name}/src/`).replace(/\.js$/, '.ts'),
  }))
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
    test: {
      name,
      include: ['test/**/*.test.ts'],
      environment: 'node',
      testTimeout: 30_000,
      hookTimeout: 60_000,
      // A second is little on a machine that runs other tests besides.
      expect: { poll: { timeout: 10_000 } },
    },
  })
}
