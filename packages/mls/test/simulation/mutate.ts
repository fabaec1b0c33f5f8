// The product with one mistake in it: the changed source takes the place of its module for whoever loads it next.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import type { Mutant } from './mutants.js'

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url))

/** @throws Error when the mutant no longer fits the source */
export function mutatedSource({ name, file, find, replace }: Mutant): string {
  const path = join(SOURCE, file)
  const source = readFileSync(path, 'utf8')
  if (source.split(find).length !== 2) throw new Error(`"${name}" does not fit ${file} any more`)
  // Elsewhere on the disk, so what is beside it is named in full.
  const absolute = (_: string, relative: string): string => `from '${resolve(dirname(path), relative)}.ts'`
  return source.replace(find, () => replace).replaceAll(/from '(\.{1,2}\/[^']+)\.js'/g, absolute)
}

/** Runs `work` with the simulation loaded anew over the changed product, then restores it. */
export async function withMutant<T>(
  mutant: Mutant,
  work: (world: typeof import('./world.js')) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mutant-'))
  const changed = join(folder, basename(mutant.file))
  const original = join(SOURCE, mutant.file)
  writeFileSync(changed, mutatedSource(mutant))
  vi.resetModules()
  vi.doMock(original, () => import(/* @vite-ignore */ changed))
  try {
    return await work(await import('./world.js'))
  } finally {
    vi.doUnmock(original)
    vi.resetModules()
    rmSync(folder, { recursive: true })
  }
}
