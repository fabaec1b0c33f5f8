// The one build every package uses: ESM only, declarations beside the code.
import { defineConfig, type Options } from 'tsup'

export interface LibraryOptions {
  /** Entry modules; `src/index.ts` when left out. */
  readonly entry?: readonly string[]
  /** `neutral` keeps Node builtins out of portable packages: esbuild refuses to resolve them. */
  readonly platform?: 'neutral' | 'node'
}

export function library(options: LibraryOptions = {}): Options | Options[] | ((o: Options) => unknown) {
  return defineConfig({
    entry: [...(options.entry ?? ['src/index.ts'])],
    format: 'esm',
    platform: options.platform ?? 'neutral',
    target: 'es2022',
    sourcemap: true,
    clean: true,
    // TypeScript 6 refuses the baseUrl that tsup's declaration step sets, unless told otherwise.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  }) as Options
}
