/**
 * Sealed requests that were seen: each is answered once. spec/relay-hops.md section 3.
 *
 * Two generations, so that forgetting is dropping a set. What was sealed before this relay began is refused, because
 * what was seen before is not known.
 */
import { type Clock, concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { ServiceRows } from '../engine/rows.js'
import { HOP_REPLAY_SHARES, HOP_WINDOW_MS, MAX_HOP_REPLAYS } from '../limits.js'

export type HopVerdict = 'fresh' | 'replayed' | 'full'

export interface Replays {
  /** Remembers what is fresh, at the expense of the connection that `carrier` stands for. `enc` is 32 bytes. */
  judge(carrier: object, enc: Uint8Array, time: number): HopVerdict
}

const LABEL = utf8('hyphae hop seen v1')

/** True for the first time that a relay of the store is shown what is sealed to `enc`, over restarts too. */
export async function firstSeen(
  { once }: ServiceRows,
  { sha256 }: Pick<CryptoProvider, 'sha256'>,
  enc: Uint8Array,
  time: number,
): Promise<boolean> {
  return once(sha256(concatBytes(LABEL, enc)), time + HOP_WINDOW_MS)
}

export function createReplays(clock: Clock): Replays {
  const began = clock.now()
  let turnedAt = began
  let young = new Set<string>()
  let old = new Set<string>()
  /** How many of the young ones each connection brought. */
  let brought = new WeakMap<object, number>()
  /** A request is accepted until its time and a window: a generation lasts as long as it can come again. */
  const turn = (now: number): void => {
    if (Math.abs(now - turnedAt) < 2 * HOP_WINDOW_MS) return
    old = young
    young = new Set()
    brought = new WeakMap()
    turnedAt = now
  }
  return {
    judge: (carrier, enc, time) => {
      const now = clock.now()
      turn(now)
      if (time < began || Math.abs(time - now) > HOP_WINDOW_MS) return 'replayed'
      const name = Buffer.from(enc).toString('latin1')
      if (young.has(name) || old.has(name)) return 'replayed'
      const own = brought.get(carrier) ?? 0
      if (young.size >= MAX_HOP_REPLAYS || own >= MAX_HOP_REPLAYS / HOP_REPLAY_SHARES) return 'full'
      brought.set(carrier, own + 1)
      young.add(name)
      return 'fresh'
    },
  }
}
