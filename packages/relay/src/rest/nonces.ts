/**
 * Nonces that were used, for as long as a signature with one could be shown again. Bounded, over all clients and for
 * each: when full, it says so.
 */

export interface Nonces {
  /** `new` is remembered; `full`: nothing of this client can be remembered now, so nothing may be accepted. */
  use(client: string, nonce: string, now: number): 'new' | 'used' | 'full'
  /** When there is room for this client again, in ms from now. */
  roomIn(client: string, now: number): number
}

interface Use {
  readonly client: string
  readonly at: number
}

/** `share`: how many of the `most` one client may use. A nonce is used for all clients, whoever showed it. */
export function createNonces(lifeMs: number, most: number, share: number): Nonces {
  /** In the order they came, which is the order they are forgotten. */
  const uses = new Map<string, Use>()
  /** In the same order; only clients that have any. */
  const byClient = new Map<string, Set<string>>()
  const drop = (nonce: string, client: string): void => {
    uses.delete(nonce)
    const own = byClient.get(client)
    own?.delete(nonce)
    if (own?.size === 0) byClient.delete(client)
  }
  const forget = (now: number): void => {
    for (const [nonce, { client, at }] of uses) {
      // A clock that went back forgets nothing.
      if (now - at < lifeMs) return
      drop(nonce, client)
    }
  }
  const isShareFull = (client: string): boolean => (byClient.get(client)?.size ?? 0) >= share
  return {
    use: (client, nonce, now) => {
      forget(now)
      if (uses.has(nonce)) return 'used'
      if (uses.size >= most || isShareFull(client)) return 'full'
      uses.set(nonce, { client, at: now })
      const own = byClient.get(client) ?? new Set()
      byClient.set(client, own.add(nonce))
      return 'new'
    },
    roomIn: (client, now) => {
      const [oldest] = (isShareFull(client) ? byClient.get(client) : undefined) ?? uses.keys()
      const at = oldest === undefined ? now : (uses.get(oldest)?.at ?? now)
      return Math.max(1, at + lifeMs - now)
    },
  }
}
