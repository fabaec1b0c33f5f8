// `npm run models [-- word …]`: explores the models in spec/models/ exhaustively with Spin, within stated bounds.
//
// A model must hold. Each of its mutants, which lack one defence, must be found to violate the property named here:
// a model that cannot fail proves nothing.
// Words select runs whose title contains one of them. Needs spin and gcc; as root on Debian, spin is installed.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { ROOT } from './lib/run.mjs'

const MODELS = join(ROOT, 'spec', 'models')
/** Megabytes one search may take; a search that would need more is incomplete, and fails. */
const MEMORY_MB = 1900
/** Steps; a longer path makes a search incomplete, and fails. */
const DEPTH = 2000
/** Seconds one search may take. */
const SECONDS = 300

const ONE_START = { STARTS: 1, ACCEPTS: 2, THEFTS: 2, ROTATIONS: 2 }
const TWO_STARTS = { STARTS: 2, ACCEPTS: 2, THEFTS: 1, ROTATIONS: 0 }
const WEAK = { STARTS: 1, ACCEPTS: 2, THEFTS: 1, ROTATIONS: 2 }
const FEW = { SENDS: 2, INITIATIONS: 2, LOSSES: 1, RESETS: 1, REPEATS: 1, EXCHANGES: 6, SPARE: 3 }
const COPY = { ...FEW, RESETS: 0, RESTORES: 1 }

const holds = (model, title, bounds) => ({ kind: 'holds', model, title, bounds, flags: [] })
const mutant = (model, property, bounds, flags) => ({
  kind: 'mutant',
  model,
  property,
  title: flags.join(' + '),
  bounds,
  flags,
})
const weak = (property, ...flags) => mutant('handshake', property, WEAK, flags)
const astray = (property, flag, bounds = FEW) => mutant('convergence', property, bounds, [flag])

const RUNS = [
  holds('handshake', 'one session, thefts and rotations', ONE_START),
  holds('handshake', 'two sessions at once', TWO_STARTS),
  weak('agreement', 'NO_INITIATOR_DH'),
  weak('agreement', 'NO_CONFIRMATION'),
  weak('agreement', 'NO_RESPONDER_IN_T'),
  weak('agreement', 'NO_HANDSHAKE_IN_T'),
  weak('once', 'NONE_SEEN'),
  weak('once', 'ONE_TIME_KEPT'),
  weak('once', 'SEEN_IN_MEMORY'),
  weak('once', 'SEEN_ENDS_AT_ROTATION'),
  weak('once', 'TWO_TRANSACTIONS'),
  weak('published', 'NO_SIGNATURE'),
  weak('published', 'ONE_TIME_UNSIGNED'),
  weak('sharing', 'NO_INITIATOR_IN_T'),
  weak('secrecy', 'NO_ONE_TIME_DH'),
  weak('secrecy', 'ONE_TIME_KEPT', 'SEEN_ALWAYS'),
  weak('secrecy', 'PREKEYS_KEPT'),
  weak('burning', 'USED_BEFORE_PROOF'),

  holds('convergence', 'a loss and a lost store', FEW),
  holds('convergence', 'more goes wrong', { ...FEW, LOSSES: 2, RESETS: 2, EXCHANGES: 7 }),
  holds('convergence', 'an old copy comes back', COPY),
  holds('convergence', 'few sessions are kept', { ...FEW, KEPT: 3 }),
  astray('delivered', 'NO_RENEWAL'),
  astray('bounded', 'NO_FOLLOW'),
  astray('bounded', 'NEVER_LARGER'),
  astray('bounded', 'FIRST_HEARD'),
  astray('converged', 'LAST_HEARD'),
  astray('bounded', 'OWN_FIRST'),
  astray('converged', 'SILENCE=1'),
  astray('delivered', 'KEPT=2'),
  astray('fresh', 'FOLLOW_RETIRED', COPY),
  astray('fresh', 'COPY_TRUSTED', COPY),
]

function run(command, args, cwd) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: SECONDS * 1000,
    maxBuffer: 1 << 26,
  })
  if (result.error !== undefined) throw new Error(`${command}: ${result.error.message}`)
  return { code: result.status, text: `${result.stdout}${result.stderr}` }
}

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** Installs spin where that is allowed. Returns what is still missing. */
function provide() {
  const root = process.getuid?.() === 0
  if (!has('spin') && root && existsSync('/usr/bin/apt-get')) {
    const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', 'spin']).code === 0
    if (!install()) {
      run('apt-get', ['update'])
      install()
    }
  }
  return ['spin', 'gcc'].filter((command) => !has(command))
}

/** The search's own words, or why there is no answer. */
function explore({ kind, model, bounds, flags }) {
  const folder = mkdtempSync(join(tmpdir(), 'hyphae-models-'))
  try {
    const file = `${model}.pml`
    copyFileSync(join(MODELS, file), join(folder, file))
    const defines = [
      ...Object.entries(bounds).map(([name, n]) => `-D${name}=${n}`),
      ...flags.map((f) => `-D${f}`),
    ]
    const made = run('spin', ['-a', ...defines, file], folder)
    if (made.code !== 0) throw new Error(`spin refuses ${file}:\n${made.text}`)
    // A mutant is found out within seconds of search: making it fast would take longer.
    const speed = kind === 'holds' ? '-O2' : '-O0'
    const options = [speed, '-w', '-DSAFETY', '-DNOREDUCE', `-DMEMLIM=${MEMORY_MB}`, '-o', 'pan', 'pan.c']
    const built = run('gcc', options, folder)
    if (built.code !== 0) throw new Error(`gcc refuses ${file}:\n${built.text}`)
    return run(join(folder, 'pan'), [`-m${DEPTH}`], folder).text
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What Spin found: the violated property, null for none; `complete` when nothing was left out. */
function readAnswer(text) {
  const violated = /^pan:1: (?:assertion violated (\S+)|(.*?)) \(at depth/m.exec(text)
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  return {
    violated: violated === null ? null : (violated[1] ?? violated[2]),
    complete: !/max search depth too small|out of memory|reached -DMEMLIM|Search not completed/.test(text),
    states: number(/^\s*(\d+) states, stored/m),
    depth: number(/depth reached (\d+)/),
    megabytes: number(/([\d.]+)\s+total actual memory usage/),
  }
}

function verdict({ kind, property }, { violated, complete, states }) {
  if (!(states > 0)) return { good: false, words: 'NO ANSWER from the search' }
  if (kind !== 'holds') {
    const good = violated === property
    return {
      good,
      words: `${good ? 'violates' : `MUST VIOLATE ${property}, and gave`} ${violated ?? 'nothing'}`,
    }
  }
  if (violated !== null) return { good: false, words: `VIOLATES ${violated}` }
  return { good: complete, words: complete ? 'holds' : 'INCOMPLETE: bounds too large' }
}

function report(job) {
  const begun = performance.now()
  const text = explore(job)
  const answer = readAnswer(text)
  const { good, words } = verdict(job, answer)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  const size = `${answer.states} states, depth ${answer.depth}, ${answer.megabytes.toFixed(0)} MB, ${seconds} s`
  const bounds = Object.entries(job.bounds).map(([name, n]) => `${name.toLowerCase()} ${n}`)
  process.stdout.write(`${good ? 'ok  ' : 'FAIL'} ${job.model}, ${job.kind}: ${job.title}: ${words}\n`)
  process.stdout.write(`       ${size}; ${bounds.join(', ')}\n`)
  if (!good) process.stdout.write(`${text}\n`)
  return good
}

function main(words) {
  const missing = provide()
  if (missing.length > 0) {
    process.stderr.write(`models: missing: ${missing.join(', ')} (Debian: apt-get install spin gcc)\n`)
    return 1
  }
  const chosen = RUNS.filter(
    ({ model, kind, title }) =>
      words.length === 0 || words.some((word) => `${model} ${kind} ${title}`.includes(word)),
  )
  if (chosen.length === 0) {
    process.stderr.write('models: no run of that name\n')
    return 2
  }
  const begun = performance.now()
  const failed = chosen.filter((job) => !report(job)).length
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  process.stdout.write(`models: ${chosen.length} runs, ${failed} not as they must be, ${seconds} s\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
