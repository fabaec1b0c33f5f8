// The one test set-up every package uses: tests run against sources, so no build is needed between edits.
import { fileURLToPath } from 'node:url'
import { defineProject, type UserWorkspaceConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))

/** Maps `@hyphae/<name>` to its sources. `runtime` picks what a package's `exports` conditions would pick. */
export function sourceAliases(runtime: 'node' | 'browser'): { find: RegExp; replacement: string }[] {
  const index = runtime === 'node' ? 'index.node.ts' : 'index.ts'
  const level = runtime === 'node' ? 'level.ts' : 'level.browser.ts'
  return [
    { find: /^@hyphae\/crypto$/, replacement: `${packages}crypto/src/${index}` },
    { find: /^@hyphae\/transport-relay$/, replacement: `${packages}transport-relay/src/${index}` },
    { find: /^@hyphae\/store\/level$/, replacement: `${packages}store/src/${level}` },
    { find: /^@hyphae\/([^/]+)$/, replacement: `${packages}$1/src/index.ts` },
    { find: /^@hyphae\/([^/]+)\/(.+)$/, replacement: `${packages}$1/src/$2.ts` },
  ]
}

export function packageTests(name: string): UserWorkspaceConfig {
  return defineProject({
    resolve: { alias: sourceAliases('node') },
    test: { name, include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 30_000 },
  })
}
