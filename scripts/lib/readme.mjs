// The TypeScript examples in the READMEs, as modules that can be compiled and run.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.mjs'

/** Where the modules are written; not kept in the repository. */
const FOLDER = join(ROOT, '.readme')
const BLOCK = /^```ts\r?\n([\s\S]*?)^```\r?$/gm

/** A block that imports something is a whole module; others are fragments that show a part. */
function isModule(code) {
  return /^import\s/m.test(code)
}

function readmes() {
  const packages = readdirSync(join(ROOT, 'packages')).sort()
  return [
    { name: 'hyphae', path: join(ROOT, 'README.md') },
    ...packages.map((name) => ({ name, path: join(ROOT, 'packages', name, 'README.md') })),
  ].filter(({ path }) => existsSync(path))
}

/** Every whole module of every README: `{ name, code }`, named `<package>-<nth>`. */
export function readmeModules() {
  return readmes().flatMap(({ name, path }) =>
    [...readFileSync(path, 'utf8').matchAll(BLOCK)]
      .map(([, code]) => code)
      .filter(isModule)
      .map((code, at) => ({ name: `${name}-${at + 1}`, package: name, code })),
  )
}

/** Writes the modules afresh; returns them with the file each is in. */
export function writeReadmeModules() {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  return readmeModules().map((module) => {
    const file = join(FOLDER, `${module.name}.ts`)
    // `export {}` keeps a module that imports types alone a module.
    writeFileSync(file, `${module.code}\nexport {}\n`)
    return { ...module, file }
  })
}
