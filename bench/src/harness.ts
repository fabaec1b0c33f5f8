// What every area measures with: warm, in interleaved rounds, medians, and a sink that keeps the work alive.
//
// A candidate brings its own loop (`batch`): a shared loop would see every candidate's code at one call site, and
// the engine would then inline none of them. All candidates of a group take turns in each round, so that a slow
// moment of the machine falls on all; the order turns with the round.
import process from 'node:process'

export interface Candidate {
  readonly name: string
  /** Does the work `n` times and returns a number that depends on every result. */
  batch(n: number): number
}

export interface Report {
  readonly area: string
  /** Absolute figures of this machine; the name says the unit. */
  readonly figures: Record<string, number>
  /** Peer's time over ours, same run: above 1 we are faster. */
  readonly ratios: Record<string, number>
}

/** Long enough for timer noise and short enough that a round of all candidates sees the same machine. */
const BATCH_MS = 4
const WARM_UP_MS = 250
const ROUNDS = 31

let sink = 0

/** Results go here: what is observed cannot be optimised away. */
export function consume(value: number): void {
  sink = (sink + value) % 1_000_003
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

function nanoseconds(candidate: Candidate, n: number): number {
  const begun = process.hrtime.bigint()
  const value = candidate.batch(n)
  const spent = Number(process.hrtime.bigint() - begun)
  consume(value)
  return spent
}

/** Runs until the engine has optimised the code, and returns how often a batch must do the work. */
function warmUp(candidate: Candidate): number {
  let n = 16
  let spent = nanoseconds(candidate, n)
  for (let total = spent; total < WARM_UP_MS * 1e6; total += spent) {
    spent = nanoseconds(candidate, n)
    if (spent < BATCH_MS * 1e6) n = Math.ceil(n * Math.min(4, (BATCH_MS * 1e6) / Math.max(spent, 1)))
  }
  return Math.max(1, Math.round((n * BATCH_MS * 1e6) / spent))
}

/** Median nanoseconds for one piece of work, by candidate. */
export function measure(candidates: readonly Candidate[]): Map<string, number> {
  const sizes = candidates.map(warmUp)
  const samples = candidates.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const i = (turn + round) % candidates.length
      const n = sizes[i] as number
      samples[i]?.push(nanoseconds(candidates[i] as Candidate, n) / n)
    }
  }
  return new Map(candidates.map((candidate, i) => [candidate.name, median(samples[i] as number[])]))
}

/** The fastest of all but `ours`, and its time over ours. */
export function versusBest(
  times: ReadonlyMap<string, number>,
  ours: string,
): { peer: string; ratio: number } {
  const peers = [...times].filter(([name]) => name !== ours).sort((a, b) => a[1] - b[1])
  const [peer, time] = peers[0] as [string, number]
  return { peer, ratio: time / (times.get(ours) as number) }
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}

function cell(times: ReadonlyMap<string, number>, name: string): string {
  return (times.get(name) as number).toFixed(1)
}

/** One row a candidate, one column a group; nanoseconds. */
export function table(title: string, groups: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const columns = [...groups.keys()]
  const names = [...(groups.get(columns[0] as string) as ReadonlyMap<string, number>).keys()]
  const cells = names.map((name) => [name, ...[...groups.values()].map((times) => cell(times, name))])
  const rows = [[title, ...columns], ...cells]
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length))) ?? []
  const line = (row: string[]): string =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number)))
      .join('  ')
  return `${rows.map(line).join('\n')}\n`
}

/** With --json the last line of standard output is the report; tables go to standard error. */
export async function runArea(
  area: (print: (text: string) => void) => Report | Promise<Report>,
): Promise<void> {
  const json = process.argv.includes('--json')
  const out = json ? process.stderr : process.stdout
  const report = await area((text) => out.write(text))
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else
    process.stdout.write(`${JSON.stringify({ figures: report.figures, ratios: report.ratios }, null, 2)}\n`)
}
