/** The portable entry reaches no Node builtin: its import graph is walked, file by file. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const SOURCES = new URL('../src/', import.meta.url)

function importsOf(file: URL): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string)
}

function reach(entry: string): { files: Set<string>; external: Set<string> } {
  const files = new Set<string>()
  const external = new Set<string>()
  const queue = [new URL(entry, SOURCES)]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file.pathname)) continue
    files.add(file.pathname)
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) queue.push(new URL(name.replace(/\.js$/, '.ts'), file))
      else external.add(name)
    }
  }
  return { files, external }
}

it('imports the audited libraries and core alone', () => {
  const { files, external } = reach('index.ts')
  expect(files.size).toBeGreaterThan(15)
  for (const name of external) expect(name).toMatch(/^@(noble\/(ciphers|curves|hashes)\/|hyphae\/core$)/)
  expect([...files].filter((file) => file.includes('/src/node/'))).toEqual([])
})

it('finds the builtin that the node entry does import', () => {
  expect(reach('index.node.ts').external).toContain('node:crypto')
})
