/** Nonces that were used, for as long as a signature with one could be shown again. Bounded: when full, it says so. */

export interface Nonces {
  /** `new` is remembered; `full`: nothing can be remembered now, so nothing may be accepted. */
  use(nonce: string, now: number): 'new' | 'used' | 'full'
  /** When there is room again, in ms from now. */
  roomIn(now: number): number
}

export function createNonces(lifeMs: number, most: number): Nonces {
  /** In the order they came, which is the order they are forgotten. */
  const usedAt = new Map<string, number>()
  const forget = (now: number): void => {
    for (const [nonce, at] of usedAt) {
      // A clock that went back forgets nothing.
      if (now - at < lifeMs) return
      usedAt.delete(nonce)
    }
  }
  return {
    use: (nonce, now) => {
      forget(now)
      if (usedAt.has(nonce)) return 'used'
      if (usedAt.size >= most) return 'full'
      usedAt.set(nonce, now)
      return 'new'
    },
    roomIn: (now) => {
      const [oldest = now] = usedAt.values()
      return Math.max(1, oldest + lifeMs - now)
    },
  }
}
