/** A token bucket: `perSecond` tokens flow in, at most `burst` wait. Time comes from the caller. */

export interface Bucket {
  /** Takes `count` if there are as many; 0, or the ms until there will be. */
  take(count: number, now: number): number
  /** Takes `count` even into debt; the ms until the debt is paid. */
  draw(count: number, now: number): number
}

export function createBucket(perSecond: number, burst: number, start: number): Bucket {
  let tokens = burst
  let filledAt = start
  const fill = (now: number): void => {
    // A clock that went back gives nothing and takes nothing.
    if (now > filledAt) tokens = Math.min(burst, tokens + ((now - filledAt) * perSecond) / 1000)
    filledAt = now
  }
  const until = (missing: number): number => (missing <= 0 ? 0 : Math.ceil((missing * 1000) / perSecond))
  return {
    take: (count, now) => {
      fill(now)
      if (tokens < count) return until(count - tokens)
      tokens -= count
      return 0
    },
    draw: (count, now) => {
      fill(now)
      tokens -= count
      return until(-tokens)
    },
  }
}
