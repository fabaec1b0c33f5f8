/**
 * Hostile case 50, by measurement: does the time of `constantTimeEqual` tell where two strings differ?
 *
 *   npm run soak -- crypto [seconds]
 *
 * Welch's t-test over two classes that take turns by chance: strings that differ in their first byte alone, and strings
 * that differ in their last (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017). `equalBytes`, which stops at the
 * first difference, is measured the same way: a method that does not see that one proves nothing about the other.
 */
import process from 'node:process'
import { equalBytes } from '@hyphae/core'
import { constantTimeEqual } from '@hyphae/crypto'

type Compare = (a: Uint8Array, b: Uint8Array) => boolean

const DEFAULT_SECONDS = 10
/** Longer than any secret here, so that an early end shows. */
const LENGTH = 256
/** Calls of one measurement: a clock of 100 ns would not see one. */
const CALLS = 64
/** Of the measurements, the slowest were interrupted: they tell about the machine. */
const KEPT = 0.9
const WARM_UP = 5000
/** The paper calls 10 a definite leak; below 4.5 there is no evidence of one. */
const LEAK = 10

interface Verdict {
  readonly t: number
  readonly measurements: number
  /** Mean of a call in ns, by class: first byte, last byte. */
  readonly means: readonly [number, number]
}

/** Nanoseconds of CALLS calls. */
function measure(compare: Compare, a: Uint8Array, b: Uint8Array): number {
  const begun = process.hrtime.bigint()
  let same = 0
  for (let i = 0; i < CALLS; i++) if (compare(a, b)) same++
  const spent = Number(process.hrtime.bigint() - begun)
  if (same !== 0) throw new Error('a comparison was wrong')
  return spent
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, variance: squares / (values.length - 1) }
}

function welch(classes: readonly [readonly number[], readonly number[]]): Verdict {
  // One cut for both, so that cutting cannot make the difference.
  const all = [...classes[0], ...classes[1]].sort((x, y) => x - y)
  const limit = all[Math.floor(all.length * KEPT)] as number
  const kept = classes.map((values) => values.filter((value) => value <= limit)) as [number[], number[]]
  const [x, y] = [moments(kept[0]), moments(kept[1])]
  const error = Math.sqrt(x.variance / kept[0].length + y.variance / kept[1].length)
  return {
    t: (x.mean - y.mean) / error,
    measurements: kept[0].length + kept[1].length,
    means: [x.mean / CALLS, y.mean / CALLS],
  }
}

function examine(compare: Compare, seconds: number): Verdict {
  const classes: [number[], number[]] = [[], []]
  const end = performance.now() + seconds * 1000
  // Fresh strings for each measurement: nothing about where they lie tells the classes apart.
  for (let run = 0; performance.now() < end; run++) {
    const a = globalThis.crypto.getRandomValues(new Uint8Array(LENGTH))
    const b = Uint8Array.from(a)
    const last = (a[1] as number) & 1
    // Both bytes are written in both classes, so that writing cannot make the difference.
    b[0] = (b[0] as number) ^ (last === 1 ? 0 : 0x80)
    b[LENGTH - 1] = (b[LENGTH - 1] as number) ^ (last === 1 ? 0x80 : 0)
    const spent = measure(compare, a, b)
    if (run >= WARM_UP) classes[last === 1 ? 1 : 0].push(spent)
  }
  return welch(classes)
}

function report(name: string, { t, measurements, means }: Verdict): void {
  const [first, last] = means.map((mean) => mean.toFixed(2))
  process.stdout.write(
    `${name}: |t| = ${Math.abs(t).toFixed(1)} over ${measurements} measurements; ` +
      `a call takes ${first} ns when the first byte differs, ${last} ns when the last does\n`,
  )
}

const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS)
if (!(seconds > 0)) throw new Error('how many seconds?')
const control = examine(equalBytes, seconds)
const examined = examine(constantTimeEqual, seconds)
report('equalBytes, for comparison', control)
report('constantTimeEqual', examined)
if (Math.abs(control.t) < LEAK) {
  process.stdout.write(
    'the measurement saw no leak where there is one: run it longer, on a quieter machine\n',
  )
  process.exitCode = 1
} else if (Math.abs(examined.t) >= LEAK) {
  process.stdout.write('constantTimeEqual leaks where two strings differ\n')
  process.exitCode = 1
}
