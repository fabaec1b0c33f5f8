/** Reads Wycheproof files where the shared vectors are; they are never copied into the project. */
import { existsSync, readFileSync } from 'node:fs'
import { describe } from 'vitest'

const folder = new URL('../../../../../shared/vectors/wycheproof/', import.meta.url)

export interface Group<Test> {
  readonly type: string
  readonly ivSize: number
  readonly keySize: number
  readonly tagSize: number
  readonly publicKey: { readonly pk: string }
  readonly tests: readonly (Test & {
    readonly tcId: number
    readonly comment: string
    readonly flags: readonly string[]
    readonly result: 'valid' | 'invalid' | 'acceptable'
  })[]
}

/** Declares the suite, skipped with a message where the file is absent; checks that no vector is missed. */
export function wycheproof<Test>(file: string, body: (groups: readonly Group<Test>[]) => void): void {
  const url = new URL(file, folder)
  if (!existsSync(url)) {
    describe.skip(`Wycheproof ${file}: the shared vectors are not here`, () => body([]))
    return
  }
  const parsed = JSON.parse(readFileSync(url, 'utf8')) as {
    numberOfTests: number
    testGroups: readonly Group<Test>[]
  }
  const listed = parsed.testGroups.reduce((sum, group) => sum + group.tests.length, 0)
  if (listed !== parsed.numberOfTests) throw new Error(`${file} lists ${listed} of ${parsed.numberOfTests}`)
  describe(`Wycheproof ${file}, ${listed} cases`, () => body(parsed.testGroups))
}
