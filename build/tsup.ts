// The one build every package uses: ESM only, declarations beside the code.
//
// `tsup` builds both halves. `pnpm run build:js` builds the code alone and `pnpm run build:types` the
// declarations alone: code needs no other package built first and takes a second, declarations wait for those
// of the packages below. A program that only wants to run asks for the first half.
import { env } from 'node:process'
import { defineConfig, type Options } from 'tsup'
import { production } from './production.ts'

export interface LibraryOptions {
  /** Entry modules; `src/index.ts` when left out. */
  readonly entry?: readonly string[]
  /** `neutral` keeps Node builtins out of portable packages: esbuild refuses to resolve them. */
  readonly platform?: 'neutral' | 'node'
  /** Optional dependencies, which the package loads if they are there: never built in. */
  readonly external?: readonly string[]
  /** Builds everything but what is for Node once more, into `dist/production`, for that condition of `exports`. */
  readonly production?: boolean
}

// Bundling declarations drops this line from the sources; without it a consumer whose `lib` is older than
// explicit resource management cannot compile `AsyncDisposable`.
const DISPOSABLE_LIB = '/// <reference lib="esnext.disposable" preserve="true" />'

export function library(options: LibraryOptions = {}): Options | Options[] | ((o: Options) => unknown) {
  const half = env.npm_lifecycle_event
  const declarations = {
    banner: DISPOSABLE_LIB,
    // TypeScript 6 refuses the baseUrl that tsup's declaration step sets, unless told otherwise.
    compilerOptions: { ignoreDeprecations: '6.0' },
    only: half === 'build:types',
  }
  const code: Options = {
    format: 'esm',
    platform: options.platform ?? 'neutral',
    external: [...(options.external ?? [])],
    target: 'es2022',
    sourcemap: true,
  }
  const main: Options = {
    ...code,
    entry: [...(options.entry ?? ['src/index.ts'])],
    // Each part removes its own old files only.
    clean: ['!**/*.d.ts', '!production/**'],
    dts: half === 'build:js' ? false : declarations,
  }
  if (options.production !== true || half === 'build:types') return defineConfig(main)
  const lean: Options = {
    ...code,
    // File by file: what a page does not use, its bundler sees best.
    entry: ['src/**/*.ts', '!src/node/**', '!src/**/*.node.ts'],
    bundle: false,
    outDir: 'dist/production',
    clean: true,
    esbuildPlugins: [production],
  }
  return defineConfig([main, lean])
}
