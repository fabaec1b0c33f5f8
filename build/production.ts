// What bundlers take when they build a page for production: the same code, whose errors have codes and no texts.
//
// The texts are for people at a console. A page shows its users words of its own, and the texts of a few packages
// cost it as much as a cipher. The table of an `errors.ts` keeps what programs act on, `retryable`.
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** A text of an entry, as Biome lays it out. */
const TEXT = /^ +(?:message|hint):\s+(['"`])(?:\\.|(?!\1).)*\1,\n/gm
/** An entry that had nothing but texts. */
const EMPTY = /^ +'[^']+': \{\n +\},\n/gm

export function withoutTexts(source: string, path: string): string {
  const lean = source.replace(TEXT, '').replace(EMPTY, '')
  if (/^ +(message|hint): /m.test(lean)) throw new Error(`${path}: a text that is no single string`)
  return lean
}

export const production: Plugin = {
  name: 'production',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\berrors\.ts$/ }, async ({ path }) => ({
      contents: withoutTexts(await readFile(path, 'utf8'), path),
      loader: 'ts',
    }))
  },
}
