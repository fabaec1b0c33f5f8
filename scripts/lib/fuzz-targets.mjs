// The fuzzer behind scripts/fuzz.mjs, in a process that can load TypeScript.
//
// The corpus of a target lies in packages/<package>/fuzz/corpus/<target>/ and is replayed first. An input that
// fails is written there under its hash, so that the next run starts with it.
import { createHash, randomInt } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { mutate } from './mutate.mjs'
import { seededNumbers } from './random.mjs'
import { main, ROOT } from './run.mjs'
import { packageNames } from './workspace.mjs'

const DEFAULT_SECONDS = 10
/** An input that takes longer than this is a finding: a decoder's work must stay linear in its input. */
const MAX_MILLISECONDS = 2000

function options(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { seconds: { type: 'string' }, seed: { type: 'string' } },
  })
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS)
  const seed = Number(values.seed ?? randomInt(2 ** 32))
  if (!(seconds >= 0) || !Number.isSafeInteger(seed)) throw new Error('--seconds and --seed take a number')
  return { seconds, seed, names: positionals }
}

/** Targets of one package. Files beside them that export none are their helpers. */
async function targetsOf(name) {
  const folder = join(ROOT, 'packages', name, 'fuzz')
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.ts')).sort()
  const targets = []
  for (const file of files) {
    const { target } = await import(pathToFileURL(join(folder, file)).href)
    const entry = basename(file, '.ts')
    if (typeof target?.run !== 'function') continue
    targets.push({
      run: target.run,
      package: name,
      label: `${name}/${entry}`,
      corpus: join(folder, 'corpus', entry),
    })
  }
  if (files.length > 0 && targets.length === 0) throw new Error(`${folder} exports no target`)
  return targets
}

async function findTargets() {
  const targets = []
  for (const name of await packageNames()) targets.push(...(await targetsOf(name)))
  return targets
}

async function readCorpus(folder) {
  const files = (await readdir(folder).catch(() => [])).sort()
  return Promise.all(files.map(async (file) => new Uint8Array(await readFile(join(folder, file)))))
}

// Compared by shape, as `isHyphaeError` does: a target may bring its own copy of core.
function isTyped(error) {
  return error instanceof Error && typeof error.code === 'string' && typeof error.shortMessage === 'string'
}

/** What is wrong with how `target` takes `input`, or null. */
async function findingOf(target, input) {
  const given = input.slice()
  const begun = performance.now()
  try {
    await target.run(given)
  } catch (error) {
    if (!isTyped(error)) return error instanceof Error ? error.stack : `threw ${String(error)}`
  }
  const spent = performance.now() - begun
  return spent > MAX_MILLISECONDS ? `took ${Math.round(spent)} ms` : null
}

async function keep(target, input) {
  const file = join(target.corpus, createHash('sha256').update(input).digest('hex').slice(0, 16))
  await mkdir(target.corpus, { recursive: true })
  await writeFile(file, input)
  return relative(ROOT, file)
}

/** Replays the corpus, then mutates it until the time is over. Resolves to the count of runs, or a finding. */
async function fuzz(target, { seconds, seed }) {
  const corpus = await readCorpus(target.corpus)
  const random = seededNumbers(seed)
  const end = performance.now() + seconds * 1000
  let runs = 0
  for (const input of corpus) {
    runs++
    const finding = await findingOf(target, input)
    if (finding !== null) return { runs, finding, input }
  }
  while (performance.now() < end) {
    runs++
    const input = mutate(corpus, random)
    const finding = await findingOf(target, input)
    if (finding !== null) return { runs, finding, input }
  }
  return { runs, finding: null, corpus: corpus.length }
}

await main(async (args) => {
  const { seconds, seed, names } = options(args)
  const all = await findTargets()
  const chosen = all.filter((t) => names.length === 0 || names.includes(t.label) || names.includes(t.package))
  if (chosen.length === 0) {
    process.stderr.write(`no such target; there are: ${all.map((t) => t.label).join(', ') || 'none yet'}\n`)
    return 2
  }
  process.stdout.write(`seed ${seed}, ${seconds} s a target\n`)
  let failed = 0
  for (const target of chosen) {
    const result = await fuzz(target, { seconds, seed })
    if (result.finding === null) {
      process.stdout.write(`  ${target.label}: ${result.runs} runs, corpus ${result.corpus}, ok\n`)
      continue
    }
    failed++
    const file = await keep(target, result.input)
    process.stdout.write(`  ${target.label}: FAILED at run ${result.runs}, seed ${seed}\n  input ${file}\n`)
    process.stdout.write(`${result.finding}\n`)
  }
  process.stdout.write(`${chosen.length - failed} targets ok, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
})
