import { join } from 'node:path'
import type { ErrorTable } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { errorTables, renderErrorsPage } from '../scripts/lib/errors-page.mjs'
import { moduleEntries } from '../scripts/lib/exports.mjs'
import { type Package, packages, ROOT, read, sourceOf, sources } from './lib/packages.js'

const loaded = await Promise.all(
  packages().map(async (of) => ({ of, tables: errorTables(...(await modulesOf(of))) as ErrorTable[] })),
)
const codes = loaded.flatMap(({ tables }) => tables.flatMap((table) => Object.keys(table)))

async function modulesOf(of: Package): Promise<object[]> {
  const files = moduleEntries(of.manifest, 'node').map(({ file }) => sourceOf(file))
  return Promise.all(files.map((file) => import(join(of.folder, file))))
}

const prefixOf = (code: string): string => code.slice(0, code.indexOf('/'))

/** Packages that use a prefix. */
function ownersOf(prefix: string): string[] {
  const uses = (table: ErrorTable): boolean => Object.keys(table).some((code) => prefixOf(code) === prefix)
  return loaded.filter(({ tables }) => tables.some(uses)).map(({ of }) => of.name)
}

it('every code is unique', () => {
  expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
})

describe.each(loaded.map((entry) => [entry.of.name, entry] as const))('%s', (_name, { of, tables }) => {
  it('exports the table of every error class it has', () => {
    const classes = sources(of).filter((file) => /extends HyphaeError</.test(read(of.folder, file)))
    expect(tables).toHaveLength(classes.length)
  })

  it('shares no prefix with another package', () => {
    for (const code of tables.flatMap((table) => Object.keys(table))) {
      expect(ownersOf(prefixOf(code)), code).toEqual([of.name])
    }
  })

  it('writes codes as prefix/what-went-wrong', () => {
    const shape = /^[a-z][a-z0-9]*(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/
    for (const table of tables) for (const code of Object.keys(table)) expect(code).toMatch(shape)
  })

  it('says in whole sentences what happened and what to do', () => {
    for (const table of tables) {
      for (const [code, { message, hint }] of Object.entries(table)) {
        expect(message, code).toMatch(/^\S.*\.$/s)
        expect(hint, code).toMatch(/^\S.*\.$/s)
      }
    }
  })
})

it('spec/errors.md is what `npm run errors` writes', () => {
  const page = renderErrorsPage(new Map(loaded.map(({ of, tables }) => [of.name, tables])))
  expect(read(ROOT, 'spec', 'errors.md')).toBe(page)
})
