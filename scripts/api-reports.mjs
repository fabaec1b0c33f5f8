// `npm run api:check` and `npm run api:update`: the public API of every package, as text in packages/*/etc/.
//
// A change of what a package exports shows up as a change of its report, and is reviewed as one. One report an
// entry of `exports`: `<package>.api.md` for the main one, `<package>.<entry>.api.md` for the others.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import process from 'node:process'
import { main, ROOT, timed } from './lib/run.mjs'
import { manifest, packageNames, prepare } from './lib/workspace.mjs'

/** Every declaration file that `exports` names, whatever its condition. */
function declarations(exported) {
  if (typeof exported === 'string') return exported.endsWith('.d.ts') ? [exported] : []
  return Object.values(exported).flatMap(declarations)
}

/** `./dist/index.d.ts` is the package itself, `./dist/signal/index.d.ts` its entry `signal`. */
function reportName(name, file) {
  const path = file.replace('./dist/', '').replace('.d.ts', '')
  const entry = path.replace(/(^|\/)index$/, '').replaceAll('/', '.')
  return entry === '' ? name : `${name}.${entry}`
}

async function reports() {
  const found = []
  for (const name of await packageNames()) {
    const { exports } = await manifest('packages', name)
    const folder = join(ROOT, 'packages', name)
    for (const file of new Set(declarations(exports))) {
      found.push({ folder, entry: join(folder, file), report: reportName(name, file) })
    }
  }
  return found
}

function configuration({ folder, entry, report }) {
  const silent = { default: { logLevel: 'none' } }
  return {
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      compiler: { tsconfigFilePath: join(folder, 'tsconfig.json') },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder: join(folder, 'etc'),
        reportTempFolder: join(folder, 'temp'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  }
}

/** What is wrong with one report, or null. */
async function extract({ Extractor, ExtractorConfig }, report, update) {
  await mkdir(join(report.folder, 'etc'), { recursive: true })
  const problems = []
  const result = Extractor.invoke(ExtractorConfig.prepare(configuration(report)), {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true
      if (message.logLevel === 'error') problems.push(message.text)
    },
  })
  if (problems.length > 0) return problems.join('\n')
  return !update && result.apiReportChanged ? 'the public API differs from its report' : null
}

/** Reports of entries that are gone. */
async function leftOver(all) {
  const names = new Set(all.map(({ folder, report }) => join(folder, 'etc', `${report}.api.md`)))
  const left = []
  for (const folder of new Set(all.map((report) => report.folder))) {
    for (const file of await readdir(join(folder, 'etc'))) {
      if (!names.has(join(folder, 'etc', file))) left.push(join(folder, 'etc', file))
    }
  }
  return left
}

async function checkReports(update) {
  const extractor = await import('@microsoft/api-extractor')
  const all = await reports()
  const problems = []
  for (const report of all) {
    const problem = await extract(extractor, report, update).catch((error) => error.message.split('\n')[0])
    if (problem !== null) problems.push(`${report.report}: ${problem}`)
  }
  for (const file of await leftOver(all)) {
    if (update) await rm(file)
    else problems.push(`${relative(ROOT, file)}: no such entry`)
  }
  return problems
}

await main(async (args) => {
  await prepare(['build:types'])
  const problems = await timed('API reports', () => checkReports(args.includes('--update')))
  if (problems.length === 0) return 0
  process.stderr.write(`${problems.join('\n')}\nIf the change is meant, run \`npm run api:update\`.\n`)
  return 1
})
