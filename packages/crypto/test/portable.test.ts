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

it.each(['index.ts', 'slim.ts', 'kem.ts'])('%s imports @noble and core alone', (entry) => {
  const { files, external } = reach(entry)
  expect(files.size).toBeGreaterThan(7)
  for (const name of external) expect(name).toMatch(/^@(noble\/|hyphae\/core$)/)
  expect([...files].filter((file) => file.includes('/src/node/'))).toEqual([])
})

it('the slim provider reaches neither the whole provider nor what only that needs', () => {
  const { files, external } = reach('slim.ts')
  expect([...files].filter((file) => file.endsWith('/noble/provider.ts'))).toEqual([])
  for (const name of ['@noble/curves/ed25519.js', '@noble/ciphers/aes.js', '@noble/hashes/scrypt.js']) {
    expect(external).not.toContain(name)
  }
})

it('finds the builtin that the node entry does import', () => {
  expect(reach('index.node.ts').external).toContain('node:crypto')
})
