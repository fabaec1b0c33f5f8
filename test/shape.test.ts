// Every package has the same inner shape, so that whoever knows one finds the way in all.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { type Package, packages, ROOT, read, sourceOf, sources } from './lib/packages.js'
import { brokenLinks, pages } from './lib/pages.js'

const FLOOR = '>=20.19'
const MAX_LINES_OF_A_FUNCTION = 60

function subpaths(of: Package): string[] {
  return Object.keys(of.manifest.exports ?? {}).filter((path) => path !== './package.json')
}

/** Every path that an entry of `exports` leads to, whatever the condition. */
function leaves(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry]
  return Object.values(entry as Record<string, unknown>).flatMap(leaves)
}

describe.each(packages().map((of) => [of.manifest.name, of] as const))('%s', (_name, of) => {
  const files = sources(of)

  it.each([
    'README.md',
    'package.json',
    'tsup.config.ts',
    'vitest.config.ts',
    'tsconfig.json',
    'src/index.ts',
  ])('has %s', (file) => {
    expect(existsSync(join(of.folder, file))).toBe(true)
  })

  it('has its error classes in files called errors.ts', () => {
    const throwing = files.filter((file) => /extends HyphaeError</.test(read(of.folder, file)))
    expect(throwing.filter((file) => basename(file) !== 'errors.ts')).toEqual([])
  })

  it('has tests', () => {
    expect(existsSync(join(of.folder, 'test'))).toBe(true)
  })

  it('states what it is, its licence and the lowest Node.js', () => {
    expect(of.manifest).toMatchObject({
      name: `@hyphae/${of.name}`,
      description: expect.stringMatching(/\S/),
      license: 'MIT',
      sideEffects: false,
      engines: { node: FLOOR },
    })
  })

  it('has a public face that only re-exports', () => {
    const source = ts.createSourceFile('index.ts', read(of.folder, 'src/index.ts'), ts.ScriptTarget.Latest)
    const other = source.statements.filter((s) => !ts.isExportDeclaration(s))
    expect(other.map((s) => s.getText(source))).toEqual([])
  })

  it('exports files that its sources make', () => {
    for (const path of leaves(of.manifest.exports)) {
      if (path === './package.json') continue
      expect(existsSync(join(of.folder, sourceOf(path))), path).toBe(true)
    }
  })

  it.each(['tsconfig.json', 'tsconfig.portable.json'])(
    'has a source path in %s for every subpath',
    (file) => {
      const { compilerOptions } = ts.readConfigFile(join(ROOT, file), ts.sys.readFile).config
      for (const path of subpaths(of).filter((entry) => entry !== '.')) {
        expect(Object.keys(compilerOptions.paths)).toContain(`@hyphae/${of.name}${path.slice(1)}`)
      }
    },
  )

  it('names a reason for each dependency in its README', () => {
    const readme = read(of.folder, 'README.md')
    for (const dependency of Object.keys(of.manifest.dependencies ?? {})) {
      expect(readme).toContain(dependency.replace('@hyphae/', ''))
    }
  })

  it(`has no function over ${MAX_LINES_OF_A_FUNCTION} lines`, () => {
    expect(files.flatMap((file) => longFunctions(of, file))).toEqual([])
  })

  it('takes time and randomness as arguments', () => {
    const found = files.flatMap((file) => ambientCalls(of, file))
    expect(found).toEqual(of.name === 'core' ? ['src/clock.ts: Date.now'] : [])
  })
})

describe('pages', () => {
  it('lead only to files and headings that are there', () => {
    expect(pages()).toContain('spec/README.md')
    expect(pages().flatMap((page) => brokenLinks(page).map((target) => `${page}: ${target}`))).toEqual([])
  })

  it.each([
    ['[a file](spec/nothing.md)', ['spec/nothing.md']],
    ['[outside](../elsewhere)', ['../elsewhere']],
    ['[a heading](spec/errors.md#nothing)', ['spec/errors.md#nothing']],
    ['[here](#nothing)', ['#nothing']],
    ['# Some `code`, words\n[here](#some-code-words), [far](https://example.org/#x), `[code](no.md)`', []],
  ])('are searched for links: %s', (text, broken) => {
    expect(brokenLinks('README.md', text)).toEqual(broken)
  })
})

function walk(of: Package, file: string, visit: (node: ts.Node, source: ts.SourceFile) => void): void {
  const source = ts.createSourceFile(file, read(of.folder, file), ts.ScriptTarget.Latest, true)
  const down = (node: ts.Node): void => {
    visit(node, source)
    ts.forEachChild(node, down)
  }
  down(source)
}

/** Lines of a function without those of the functions inside it: a factory is as long as its own steps. */
function ownLines(of: ts.Node, source: ts.SourceFile): number {
  const line = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  let lines = line(of.end) - line(of.getStart(source)) + 1
  const down = (node: ts.Node): void => {
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, down)
    else lines -= Math.max(0, line(node.end) - line(node.getStart(source)))
  }
  ts.forEachChild(of, down)
  return lines
}

function longFunctions(of: Package, file: string): string[] {
  const found: string[] = []
  walk(of, file, (node, source) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return
    const lines = ownLines(node, source)
    const at = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
    if (lines > MAX_LINES_OF_A_FUNCTION) found.push(`${file}:${at} has ${lines} lines`)
  })
  return found
}

/** Uses of the system's clock and of weak randomness; both come in as ports, so that tests decide them. */
function ambientCalls(of: Package, file: string): string[] {
  const found: string[] = []
  walk(of, file, (node, source) => {
    const text = ts.isPropertyAccessExpression(node) ? node.getText(source) : ''
    if (text === 'Math.random' || text === 'Date.now') found.push(`${file}: ${text}`)
    if (ts.isNewExpression(node) && node.getText(source) === 'new Date()') found.push(`${file}: new Date()`)
  })
  return found
}
