/** The table of attacks in spec/session.md: every test that it names is there, and says so. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const spec = readFileSync(`${root}spec/session.md`, 'utf8')
const section = /^## \d+\. Attacks and their tests$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(spec)?.[1] ?? ''
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack') && !line.startsWith('| hostile'))

/** The paths in a row, from the root; a bare name stands beside the one before it. */
function pathsOf(row: string): string[] {
  const paths: string[] = []
  for (const [, name = ''] of row.matchAll(/`([\w./-]+(?:\.test\.ts|\/))`/g)) {
    const before = paths.at(-1)
    const own = `packages/ratchet/test/${name}`
    const beside = before === undefined ? own : `${before.slice(0, before.lastIndexOf('/') + 1)}${name}`
    const candidates = [name, own, beside]
    paths.push(candidates.find((path) => existsSync(root + path)) ?? own)
  }
  return paths
}

const tests = readdirSync(fileURLToPath(new URL('.', import.meta.url)), { recursive: true, encoding: 'utf8' })
const titles = tests
  .filter((file) => file.endsWith('.test.ts') && basename(file) !== 'attacks.test.ts')
  .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
  .join('\n')

describe('the table of attacks', () => {
  it('has a row for each attack and each case, and names tests in each', () => {
    expect(rows.length).toBeGreaterThan(35)
    for (const row of rows) expect([row, /`|as above/.test(row)]).toEqual([row, true])
  })

  it.each(rows.map((row) => [(row.split('|')[1] ?? '').trim(), row] as const))('%s', (_, row) => {
    for (const path of pathsOf(row)) expect([path, existsSync(root + path)]).toEqual([path, true])
  })

  it('says which case a test of this package proves, for each from 8 to 20 and 30, 31, 49, 51 to 53', () => {
    const cases = [...Array.from({ length: 13 }, (_, i) => i + 8), 30, 31, 49, 51, 52, 53]
    const missing = cases.filter((number) => !new RegExp(`hostile (?:\\d+, )*${number}\\b`).test(titles))
    expect(missing).toEqual([])
    expect((titles.match(/attack: /g) ?? []).length).toBeGreaterThan(30)
  })
})
