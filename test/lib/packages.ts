// What the workspace holds, read from disk: the tests of the whole apply to a new package without an edit.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** `"."` and subpaths: a path, or conditions in order. */
export type Exports = Record<string, string | Record<string, unknown>>

export interface Manifest {
  readonly name: string
  readonly description?: string
  readonly license?: string
  readonly sideEffects?: boolean
  readonly exports?: Exports
  readonly dependencies?: Record<string, string>
  readonly engines?: { readonly node?: string }
}

export interface Package {
  /** Folder in `packages/`, and the name after `@hyphae/`. */
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
}

export function packages(): Package[] {
  return readdirSync(join(ROOT, 'packages'))
    .filter((name) => existsSync(join(ROOT, 'packages', name, 'package.json')))
    .sort()
    .map((name) => {
      const folder = join(ROOT, 'packages', name)
      return { name, folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }
    })
}

/** Every source file of a package, as paths from its folder. */
export function sources(of: Package): string[] {
  return readdirSync(join(of.folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file))
}

/** The source of a built file that `exports` names. */
export function sourceOf(file: string): string {
  return file.replace(/^\.\/dist\/(production\/)?/, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts')
}

export function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8')
}
