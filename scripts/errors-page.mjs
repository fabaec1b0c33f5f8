// `npm run errors [-- --check]`: writes spec/errors.md from the built packages, or fails when it is out of date.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { errorTables, renderErrorsPage } from './lib/errors-page.mjs'
import { moduleEntries } from './lib/exports.mjs'
import { main, ROOT } from './lib/run.mjs'
import { manifest, packageNames, prepare } from './lib/workspace.mjs'

const PAGE = join(ROOT, 'spec', 'errors.md')

async function builtModules(name) {
  const entries = moduleEntries(await manifest('packages', name), 'node')
  return Promise.all(
    entries.map(({ file }) => import(pathToFileURL(join(ROOT, 'packages', name, file)).href)),
  )
}

await main(async (args) => {
  await prepare(['build:js'])
  const tables = new Map()
  for (const name of await packageNames()) tables.set(name, errorTables(...(await builtModules(name))))
  const page = renderErrorsPage(tables)
  if (!args.includes('--check')) {
    await writeFile(PAGE, page)
    return 0
  }
  const written = await readFile(PAGE, 'utf8').catch(() => '')
  if (written === page) return 0
  process.stderr.write('spec/errors.md is out of date: run `npm run errors`\n')
  return 1
})
