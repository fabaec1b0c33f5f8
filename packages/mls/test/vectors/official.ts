// The MLS working group's vectors, read in place; skipped with a message where they are not there.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import type { SuiteMaker } from '../../src/index.js'
import { p256Suite, p384Suite } from '../../src/suites.js'

export const FOLDER: string = fileURLToPath(new URL('../../../../../shared/vectors/mls/', import.meta.url))

interface Vector {
  readonly cipher_suite: number
}

/** The suites beyond the two that are built in. */
export const MORE: readonly SuiteMaker[] = [p256Suite, p384Suite]
const SPOKEN: readonly number[] = [1, 2, 3, 7]

/** Registers tests over the vectors of one file that are for suites that this package speaks. */
export function official<T extends Vector>(name: string, tests: (vectors: readonly T[]) => void): void {
  const path = `${FOLDER}${name}.json`
  if (!existsSync(path)) {
    it.skip(`official vectors are not at ../shared/vectors/mls/${name}.json`, () => {})
    return
  }
  const all = JSON.parse(readFileSync(path, 'utf8')) as T[]
  describe(`official ${name}`, () => tests(all.filter((v) => SPOKEN.includes(v.cipher_suite))))
}
