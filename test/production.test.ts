// What bundlers take for production: the same codes, and not one text.
import { join } from 'node:path'
import type { ErrorTable, HyphaeError } from '@hyphae/core'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { production, withoutTexts } from '../build/production.js'
import { errorTables } from '../scripts/lib/errors-page.mjs'
import { type Package, packages, ROOT } from './lib/packages.js'

type Thrower = new (code: string, context?: { details: Record<string, number> }) => HyphaeError

const lean = packages().filter((of) => JSON.stringify(of.manifest.exports).includes('"production"'))

/** The main entry of a package as its production build has it. */
async function productionOf(of: Package): Promise<{ text: string; module: Record<string, unknown> }> {
  const { outputFiles } = await build({
    entryPoints: [join(of.folder, 'src', 'index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugins: [production],
  })
  const text = outputFiles[0]?.text ?? ''
  return { text, module: await import(`data:text/javascript,${encodeURIComponent(text)}`) }
}

it('is offered by the packages that every page loads', () => {
  expect(lean.map((of) => of.name)).toEqual(['core', 'crypto', 'ratchet', 'tlv'])
})

describe.each(lean.map((of) => [of.name, of] as const))('%s', (_name, of) => {
  it('throws the same codes, without texts', async () => {
    const whole = (await import(join(of.folder, 'src', 'index.ts'))) as Record<string, unknown>
    const { text, module } = await productionOf(of)
    const [table] = errorTables(whole) as ErrorTable[]
    const name = Object.keys(whole).find((one) => /^(?!Hyphae)[A-Z]\w+Error$/.test(one)) as string
    for (const [code, { message, hint, retryable = false }] of Object.entries(table ?? {})) {
      expect(text).not.toContain(message)
      expect(text).not.toContain(hint)
      const error = new (module[name] as Thrower)(code, { details: { length: 3 } })
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({ code, retryable, details: { length: 3 }, shortMessage: code, hint: '' })
      expect(error.message).toBe(`${code} (length: 3)`)
      expect(error.docs).toBe(new (whole[name] as Thrower)(code).docs)
    }
  })
})

it('refuses a table that it cannot take the texts out of', () => {
  const entry = (message: string) =>
    `const T = {\n  'demo/x': {\n    message: ${message},\n    hint: 'b',\n  },\n}\n`
  expect(withoutTexts(entry("'a'"), 'errors.ts')).toBe('const T = {\n}\n')
  expect(() => withoutTexts(entry("'a' + 'b'"), 'errors.ts')).toThrow('no single string')
})
