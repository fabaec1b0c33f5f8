/**
 * A simulated node: a name, a disk, and one life after another. Its program is the code under test, started
 * anew at every boot with nothing but the disk to remember by.
 */
import type { SeededRandom } from '../seeded-random.js'
import type { Timeline } from '../timeline.js'
import { type CrashSide, type SimulatedDisk, simulatedDisk } from './disk.js'
import { beginLife, type LifeControl, type NodeLife } from './life.js'

/** Runs until the node crashes; what it throws fails the simulation. */
export type NodeProgram = (life: NodeLife) => Promise<void> | void

export interface NodeOptions {
  /** Added to what the node's clock shows. */
  readonly skewMs?: number
  /** Virtual milliseconds a commit takes. */
  readonly commitMs?: number
}

export interface SimulatedNode {
  readonly name: string
  readonly disk: SimulatedDisk
  /** The present life; undefined while the node is down. */
  readonly life: NodeLife | undefined
  /** Can be reached: up, not suspended, not offline. */
  readonly reachable: boolean
  boot(): void
  /** Ends the life at once: no goodbye, nothing but the disk stays. */
  crash(): void
  /** Ends it in the middle of a write: at the `count`-th commit from now, before or after it is on disk. */
  crashAtCommit(count: number, side: CrashSide): void
  /** Timers wait and nothing is received until `resume`. */
  suspend(): void
  resume(): void
  goOffline(): void
  goOnline(): void
}

export interface NodeParts {
  readonly name: string
  readonly time: Timeline
  readonly program: NodeProgram
  readonly options: NodeOptions
  random(name: string): SeededRandom
  log(actor: string, what: string, detail: string): void
  fail(actor: string, what: string, error: unknown): void
}

interface NodeState {
  control: LifeControl | undefined
  incarnation: number
  suspended: boolean
  online: boolean
}

export function simulatedNode(parts: NodeParts): SimulatedNode {
  const { name, options } = parts
  const state: NodeState = { control: undefined, incarnation: 0, suspended: false, online: true }
  const log = (what: string, detail = ''): void => parts.log(name, what, detail)

  const crash = (): void => {
    if (state.control === undefined) return
    log('crashes')
    state.control.end()
    state.control = undefined
    state.suspended = false
    disk.crashAt(0, 'before')
  }
  const disk = simulatedDisk(options.commitMs ?? 0, crash)
  return {
    name,
    disk,
    get life() {
      return state.control?.life
    },
    get reachable() {
      return state.control !== undefined && state.online && !state.suspended
    },
    boot: () => {
      if (state.control === undefined) begin(parts, state, disk)
    },
    crash,
    crashAtCommit: (count, side) => disk.crashAt(count, side),
    suspend: () => {
      log('is suspended')
      state.suspended = true
      state.control?.suspend()
    },
    resume: () => {
      log('resumes')
      state.suspended = false
      state.control?.resume()
    },
    goOffline: () => {
      log('goes offline')
      state.online = false
    },
    goOnline: () => {
      log('comes online')
      state.online = true
    },
  }
}

function begin(parts: NodeParts, state: NodeState, disk: SimulatedDisk): void {
  const { name, options } = parts
  state.incarnation += 1
  const { incarnation } = state
  parts.log(name, 'boots', `life ${incarnation}`)
  const control = beginLife({
    name,
    incarnation,
    time: parts.time,
    skewMs: options.skewMs ?? 0,
    random: parts.random(`${name}/${incarnation}`),
    disk,
    log: (what, detail) => parts.log(name, what, detail),
    fail: (what, error) => parts.fail(name, what, error),
  })
  state.control = control
  const { life } = control
  life.spawn('program', async () => parts.program(life))
}
