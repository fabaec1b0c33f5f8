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

export function simulatedNode(parts: NodeParts): SimulatedNode {
  const { name, options } = parts
  let control: LifeControl | undefined
  let incarnation = 0
  let suspended = false
  let online = true
  const log = (what: string, detail = ''): void => parts.log(name, what, detail)

  const crash = (): void => {
    if (control === undefined) return
    log('crashes')
    control.end()
    control = undefined
    suspended = false
    disk.crashAt(0, 'before')
  }
  const disk = simulatedDisk(options.commitMs ?? 0, crash)
  const boot = (): void => {
    if (control !== undefined) return
    incarnation += 1
    log('boots', `life ${incarnation}`)
    control = beginLife({
      name,
      incarnation,
      time: parts.time,
      skewMs: options.skewMs ?? 0,
      random: parts.random(`${name}/${incarnation}`),
      disk,
      log,
      fail: (what, error) => parts.fail(name, what, error),
    })
    const { life } = control
    life.spawn('program', async () => parts.program(life))
  }
  const toggle = (what: string, change: () => void): (() => void) => {
    return () => {
      log(what)
      change()
    }
  }
  return {
    name,
    disk,
    get life() {
      return control?.life
    },
    get reachable() {
      return control !== undefined && online && !suspended
    },
    boot,
    crash,
    crashAtCommit: (count, side) => disk.crashAt(count, side),
    suspend: toggle('is suspended', () => {
      suspended = true
      control?.suspend()
    }),
    resume: toggle('resumes', () => {
      suspended = false
      control?.resume()
    }),
    goOffline: toggle('goes offline', () => {
      online = false
    }),
    goOnline: toggle('comes online', () => {
      online = true
    }),
  }
}
