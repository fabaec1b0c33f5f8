// `npm run pack:check`: packs every package as it would be published and looks at it as its users' tools will.
//
// publint reads the manifest against the files; attw resolves the types as each kind of consumer would. ESM alone
// is meant: a CommonJS consumer on Node.js 20.19 or newer loads it with require().
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { main, quiet, ROOT, timed } from './lib/run.mjs'
import { packageNames, prepare } from './lib/workspace.mjs'

const ATTW = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-emoji', '--no-color']
const EXPECTED = ['package/LICENSE', 'package/README.md', 'package/package.json']

async function pack(name, folder, env) {
  await quiet('pnpm', ['pack', '--pack-destination', folder], { cwd: join(ROOT, 'packages', name), env })
  const files = await readdir(folder)
  const file = files.find((entry) => entry.endsWith('.tgz'))
  return join(folder, file)
}

/** What stands in the packed manifest that no registry could resolve, and the files that are missing. */
async function ownChecks(tarball, env) {
  const files = (await quiet('tar', ['-tzf', tarball], { env })).split('\n')
  const manifest = await quiet('tar', ['-xzOf', tarball, 'package/package.json'], { env })
  const problems = EXPECTED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`)
  if (/"(workspace|catalog):/.test(manifest)) problems.push('package.json has ranges of the workspace')
  return problems
}

async function lintManifest(tarball) {
  const { publint } = await import('publint')
  const { formatMessage } = await import('publint/utils')
  const { buffer } = new Uint8Array(await readFile(tarball))
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'warning', strict: true })
  return messages.map((message) => formatMessage(message, pkg, { color: false }))
}

async function checkPackage(name, env) {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-pack-'))
  try {
    const tarball = await pack(name, folder, env)
    const problems = [...(await ownChecks(tarball, env)), ...(await lintManifest(tarball))]
    const attw = await quiet('attw', [tarball, ...ATTW], { env }).then(
      () => [],
      (error) => [error.message],
    )
    return [...problems, ...attw].map((problem) => `@hyphae/${name}: ${problem}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function checkAll(env) {
  const problems = []
  for (const name of await packageNames()) problems.push(...(await checkPackage(name, env)))
  return problems
}

await main(async () => {
  const env = await prepare(['build:js', 'build:types'])
  const problems = await timed('publint and attw', () => checkAll(env))
  if (problems.length === 0) return 0
  process.stderr.write(`${problems.join('\n')}\n`)
  return 1
})
