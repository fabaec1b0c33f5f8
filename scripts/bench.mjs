// `npm run bench -- <area> [--json] [arguments]`: measures one area, ours and its peers in the same run.
// Areas are the files bench/src/<area>.ts. bench/ is a workspace of its own, installed here on first use, so that
// `npm start` and `npm test` never bring the peers. Everything but the result goes to standard error.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { main, quiet, ROOT, show, timed } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

const BENCH = join(ROOT, 'bench')
const SHARED = ['harness']

async function areas() {
  const files = await readdir(join(BENCH, 'src'))
  const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length))
  return names.filter((name) => !SHARED.includes(name)).sort()
}

/** The packages of ours that an area imports, in its file and anywhere in the folder of its name. */
async function packagesOf(area) {
  const folder = join(BENCH, 'src', area)
  const inFolder = await readdir(folder, { recursive: true }).catch(() => [])
  const files = [
    `${folder}.ts`,
    ...inFolder.filter((file) => file.endsWith('.ts')).map((f) => join(folder, f)),
  ]
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const found = sources.join('\n').matchAll(/'(@hyphae\/[a-z0-9-]+)/g)
  return [...new Set([...found].map((match) => match[1]))]
}

/** True when the install is the one the lockfile describes: pnpm keeps a copy of what it installed. */
async function installed() {
  const read = (path) => readFile(join(BENCH, path), 'utf8').catch(() => null)
  const [wanted, present] = await Promise.all([read('pnpm-lock.yaml'), read('node_modules/.pnpm/lock.yaml')])
  return wanted !== null && wanted === present
}

await main(async (args) => {
  const known = await areas()
  const area = args.find((arg) => !arg.startsWith('-'))
  if (area === undefined || !known.includes(area)) {
    process.stderr.write(`usage: npm run bench -- <area> [--json] [arguments]\nareas: ${known.join(', ')}\n`)
    return 2
  }
  const packages = await packagesOf(area)
  const env = await prepare(['build:js', ...packages.map((name) => `--filter=${name}`)])
  if (!(await installed())) {
    await timed('peers', () => quiet('pnpm', ['install', '--frozen-lockfile'], { cwd: BENCH, env }))
  }
  const rest = args.filter((arg) => arg !== area)
  return show('node', ['--import', 'tsx', join('src', `${area}.ts`), ...rest], { cwd: BENCH, env })
})
