/**
 * One life of a simulated node, from its boot to its crash: the clock, randomness and disk that the protocol
 * code of the node is given. Code in one process cannot be killed, so a life that has ended is fenced off: its
 * timers never fire, its disk and network do nothing, and what it waits for never comes.
 */
import type { Clock, Store } from '@hyphae/core'
import type { SeededRandom } from '../seeded-random.js'
import { sleeper, type Timeline, type Timer } from '../timeline.js'
import type { SimulatedDisk } from './disk.js'

export interface NodeLife {
  readonly name: string
  /** 1 for the first boot. */
  readonly incarnation: number
  /** Runs with the node's skew; stands still while the node is suspended, then catches up. */
  readonly clock: Clock
  /** For `createNodeCrypto({ rng })` and its like: predictable, another stream in every life. */
  readonly rng: (length: number) => Uint8Array
  readonly random: SeededRandom
  /** Survives the life. */
  readonly disk: Store
  readonly alive: boolean
  log(what: string, detail?: string): void
  /** Runs a task beside the program; what it throws fails the simulation. */
  spawn(what: string, task: () => Promise<void>): void
  /** Calls `run` after `ms`, if the node still lives then. */
  after(ms: number, run: () => void): Timer
  /** Settles as `promise` does while the life lasts, and never after it. */
  during<T>(promise: Promise<T>): Promise<T>
}

export interface LifeParts {
  readonly name: string
  readonly incarnation: number
  readonly time: Timeline
  readonly skewMs: number
  readonly random: SeededRandom
  readonly disk: SimulatedDisk
  log(what: string, detail: string): void
  fail(what: string, error: unknown): void
}

export interface LifeControl {
  readonly life: NodeLife
  end(): void
  suspend(): void
  resume(): void
}

/** What the dead wait for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {})
}

export function beginLife(parts: LifeParts): LifeControl {
  const { name, incarnation, time, random } = parts
  let alive = true
  let missed: (() => void)[] | undefined

  const after = (ms: number, run: () => void): Timer =>
    time.at(time.now() + ms, () => {
      if (!alive) return
      if (missed === undefined) run()
      else missed.push(run)
    })
  const during = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      const value = await promise
      return alive ? value : await never<T>()
    } catch (error) {
      if (!alive) return never<T>()
      throw error
    }
  }
  const life: NodeLife = {
    name,
    incarnation,
    clock: { now: () => time.now() + parts.skewMs, sleep: sleeper(after) },
    rng: random.bytes,
    random,
    disk: parts.disk.open(() => alive, after),
    get alive() {
      return alive
    },
    log: (what, detail = '') => {
      if (alive) parts.log(what, detail)
    },
    spawn: (what, task) => {
      task().catch((error: unknown) => {
        if (alive) parts.fail(what, error)
      })
    },
    after,
    during,
  }
  return {
    life,
    end: () => {
      alive = false
      missed = undefined
    },
    suspend: () => {
      missed ??= []
    },
    resume: () => {
      const due = missed ?? []
      missed = undefined
      for (const run of due) after(0, run)
    },
  }
}
