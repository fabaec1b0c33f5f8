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

async function bundled(entry: string): Promise<Bundle> {
  const alias = {
    name: 'sources',
    setup(build: {
      onResolve(o: { filter: RegExp }, f: (args: { path: string }) => { path: string }): void
    }): void {
      for (const { find, replacement } of sourceAliases('browser'))
        build.onResolve({ filter: find }, ({ path }) => ({ path: path.replace(find, replacement) }))
    },
  }
  return esbuild()({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    plugins: [alias],
  })
}

/** Without the folder in which the package manager keeps it, whose name lists peers. */
function named({ metafile }: Bundle): string[] {
  return Object.keys(metafile.inputs).map((path) => path.split('/node_modules/').at(-1) ?? path)
}

const UNWANTED = /@hpke|\(disabled\)|crypto\/src\/node|ts-mls\/dist\/src\/crypto\/implementation/

describe('a bundle for browsers', () => {
  it('holds no Node builtin and no optional peer of ts-mls', async () => {
    const bundle = await bundled('index.ts')
    expect(bundle.warnings).toEqual([])
    const inputs = named(bundle)
    expect(inputs.some((path) => path.includes('ts-mls/dist/src/message.js'))).toBe(true)
    expect(inputs.filter((path) => UNWANTED.test(path) || path.includes('post-quantum'))).toEqual([])
  })

  it('nor does the entry of the other suites, which alone brings their curves and ML-KEM', async () => {
    const bundle = await bundled('suites.ts')
    expect(bundle.warnings).toEqual([])
    const inputs = named(bundle)
    expect(inputs.filter((path) => UNWANTED.test(path))).toEqual([])
    expect(inputs.some((path) => path.includes('post-quantum'))).toBe(true)
    expect(named(await bundled('index.ts')).some((path) => path.includes('curves/nist'))).toBe(false)
  })
})
