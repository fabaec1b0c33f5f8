// Round trips with another process: an echo to start, and two ways there and back that take turns, so that a slow moment
// of the machine falls on both.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { median } from '../harness.ts'

/** Size of the frame that goes there and back. */
export const FRAME_BYTES = 512
const ROUNDS = 31

export interface Runner {
  trip(): Promise<void>
  close(): Promise<void>
}

export interface Echo {
  /** The words of its first line: who it is, where it listens. */
  readonly said: readonly string[]
  end(): void
}

/** Starts a program beside this file; it ends with its standard input. */
export async function startEcho(program: string, ...args: string[]): Promise<Echo> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { said: String(line).trim().split(' '), end: () => child.stdin.end() }
}

/** Microseconds, the median trip of one turn. */
async function turn(runner: Runner, trips: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < trips; i++) {
    const begun = process.hrtime.bigint()
    await runner.trip()
    times.push(Number(process.hrtime.bigint() - begun) / 1000)
  }
  return median(times)
}

export interface Turns {
  /** Trips of one turn. */
  readonly trips: number
  /** Turns that are not counted. */
  readonly warmUp: number
}

/** Microseconds a trip, the median of all turns; closes both. */
export async function compare(
  ours: Runner,
  bare: Runner,
  { trips, warmUp }: Turns,
): Promise<{ ours: number; bare: number }> {
  const samples = { ours: [] as number[], bare: [] as number[] }
  for (let i = 0; i < ROUNDS + warmUp; i++) {
    const [a, b] = [await turn(ours, trips), await turn(bare, trips)]
    if (i < warmUp) continue
    samples.ours.push(a)
    samples.bare.push(b)
  }
  await Promise.all([ours.close(), bare.close()])
  return { ours: median(samples.ours), bare: median(samples.bare) }
}
