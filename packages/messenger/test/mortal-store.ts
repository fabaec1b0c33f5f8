/** A store that dies with its process at a commit that a test chooses; the disk below it lives on. */
import type { Store } from '@hyphae/core'
import { survivingStore } from './nodes.js'

export interface MortalStore {
  readonly store: Store
  /**
   * The `at`-th commit from now on is its last: nothing of it is written, or right `after` it all is. Resolves when that
   * has happened.
   */
  arm(at: number, when?: 'before' | 'after'): Promise<void>
  /** How many commits were made since it was armed. */
  commits(): number
  isDead(): boolean
  revive(): void
}

export function mortalStore(disk: Store): MortalStore {
  let [last, commits, dead] = [Number.POSITIVE_INFINITY, 0, false]
  let moment: 'before' | 'after' = 'before'
  let died: () => void = () => {}
  const alive = (): void => {
    if (dead) throw new Error('the process is dead')
  }
  const die = (): never => {
    dead = true
    died()
    throw new Error('the process died')
  }
  const store = survivingStore({
    ...disk,
    get: async (key) => {
      alive()
      return disk.get(key)
    },
    list: async (prefix, options) => {
      alive()
      return disk.list(prefix, options)
    },
    transact: async (work) => {
      alive()
      const result = await disk.transact(async (tx) => {
        const value = await work(tx)
        alive()
        if (commits + 1 === last && moment === 'before') die()
        commits += 1
        return value
      })
      return commits === last ? die() : result
    },
  })
  return {
    store,
    arm: (at, when = 'before') => {
      ;[last, commits, moment] = [at, 0, when]
      return new Promise((resolve) => {
        died = resolve
      })
    },
    commits: () => commits,
    isDead: () => dead,
    revive: () => {
      ;[last, dead] = [Number.POSITIVE_INFINITY, false]
    },
  }
}
