// The package runs in a browser: no Node builtin, and none of ts-mls's optional peers, is in its bundle.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sourceAliases } from '../../../build/vitest.js'

interface Bundle {
  readonly metafile: { readonly inputs: Readonly<Record<string, unknown>> }
  readonly warnings: readonly unknown[]
}

type Build = (options: object) => Promise<Bundle>

/** esbuild, as the build tool brings it. */
function esbuild(): Build {
  const tool = createRequire(createRequire(import.meta.url).resolve('tsup'))
  return (tool('esbuild') as { build: Build }).build
}

describe('a bundle for browsers', () => {
  it('holds no Node builtin and no optional peer of ts-mls', async () => {
    const alias = {
      name: 'sources',
      setup(build: {
        onResolve(o: { filter: RegExp }, f: (args: { path: string }) => { path: string }): void
      }): void {
        for (const { find, replacement } of sourceAliases('browser'))
          build.onResolve({ filter: find }, ({ path }) => ({ path: path.replace(find, replacement) }))
      },
    }
    const { metafile, warnings } = await esbuild()({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      metafile: true,
      plugins: [alias],
    })
    const inputs = Object.keys(metafile.inputs)
    expect(warnings).toEqual([])
    expect(inputs.some((path) => path.includes('ts-mls/dist/src/message.js'))).toBe(true)
    const unwanted =
      /@hpke|post-quantum|\(disabled\)|crypto\/src\/node|ts-mls\/dist\/src\/crypto\/implementation/
    // Without the folder in which the package manager keeps it, whose name lists peers.
    const named = inputs.map((path) => path.split('/node_modules/').at(-1) ?? path)
    expect(named.filter((path) => unwanted.test(path))).toEqual([])
  })
})
