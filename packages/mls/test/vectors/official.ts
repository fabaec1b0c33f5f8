// The MLS working group's vectors, read in place; skipped with a message where they are not there.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const FOLDER = fileURLToPath(new URL('../../../../../shared/vectors/mls/', import.meta.url))

interface Vector {
  readonly cipher_suite: number
}

/** Registers tests over the vectors of one file that are for suites 1 and 3. */
export function official<T extends Vector>(name: string, tests: (vectors: readonly T[]) => void): void {
  const path = `${FOLDER}${name}.json`
  if (!existsSync(path)) {
    it.skip(`official vectors are not at ../shared/vectors/mls/${name}.json`, () => {})
    return
  }
  const all = JSON.parse(readFileSync(path, 'utf8')) as T[]
  describe(`official ${name}`, () => tests(all.filter((v) => v.cipher_suite === 1 || v.cipher_suite === 3)))
}
