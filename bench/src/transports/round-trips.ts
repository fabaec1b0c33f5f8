// Round trips with another process: an echo to start, and two ways there and back that take turns, so that a slow moment
// of the machine falls on both.
//
// Measured twice. On one core for both ends, where the two differ by the work they do: that is the ratio with a goal. And
// left to the system, where either pays for waking the other core, which takes longer than the work and varies with it: a
// bare socket whose ends work for three microseconds is torn apart too, and takes 60 instead of 15 (measured with a busy
// loop), one whose ends do nothing stays on one core.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
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

export interface TripTimes {
  readonly ours: number
  readonly bare: number
}

/** Microseconds a trip, the median of all turns; closes both. */
async function compare(ours: Runner, bare: Runner, { trips, warmUp }: Turns): Promise<TripTimes> {
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

/** This process and those that it starts from now on; false where there is no taskset. */
function runOn(cores: string): boolean {
  return spawnSync('taskset', ['-pc', cores, String(process.pid)]).status === 0
}

/** Both ends on one core, which has no suffix, and then left to the system. */
export async function compareOnCores(
  start: () => Promise<[Runner, Runner]>,
  turns: Turns,
  row: (suffix: '' | 'AcrossCores', times: TripTimes) => void,
): Promise<void> {
  const every = `0-${availableParallelism() - 1}`
  // Without taskset there is only one way to run, and it has no goal.
  if (runOn('0')) row('', await compare(...(await start()), turns))
  runOn(every)
  row('AcrossCores', await compare(...(await start()), turns))
}
