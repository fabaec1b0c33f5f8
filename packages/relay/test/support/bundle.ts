/** Bundles a child program with the workspace's sources once, so that starting it takes no longer than Node does. */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { sourceAliases } from '../../../../build/vitest.js'

/** Beside the package's dependencies, so that the native ones resolve. */
const OUT = fileURLToPath(new URL('../../node_modules/.test-children/', import.meta.url))
/** What resolves from here stays outside the bundle, wherever the tests were started. */
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))

export async function bundleChild(name: string): Promise<string> {
  await build({
    root: PACKAGE,
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: sourceAliases('node') },
    ssr: { noExternal: [/^@hyphae\//, /^@noble\//] },
    build: {
      ssr: fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url)),
      outDir: OUT,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  })
  return `${OUT}${name}.mjs`
}
