/**
 * The chain of one sender: one hash step for each message (spec/group.md, "Unsigned messages").
 *
 *   chain[0]   = MLS-Exporter("hyphae lite sender", leaf ‖ device, 32)
 *   key[n]     = HMAC-SHA256(chain[n], 01)
 *   chain[n+1] = HMAC-SHA256(chain[n], 02)
 */
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import { MlsError } from '../errors.js'
import { KEPT_LITE_KEYS, MAX_LITE_COUNTER, MAX_LITE_SKIPPED } from './limits.js'

export interface Chain {
  /** Of `next`. */
  readonly secret: Uint8Array
  /** Counter of the next message. */
  readonly next: number
  /** Keys of messages that were passed over, ascending. */
  readonly skipped: ReadonlyMap<number, Uint8Array>
}

const KEY: Uint8Array = Uint8Array.of(1)
const NEXT: Uint8Array = Uint8Array.of(2)

export function newChain(secret: Uint8Array): Chain {
  return { secret, next: 0, skipped: new Map() }
}

/** @throws MlsError `mls/replayed`, `mls/too-far-ahead`, both before a key is derived */
export function assertCounter(chain: Chain | undefined, counter: number): void {
  const next = chain?.next ?? 0
  if (counter < next && chain?.skipped.has(counter) !== true)
    throw new MlsError('mls/replayed', { details: { counter, next } })
  if (counter - next > MAX_LITE_SKIPPED || counter > MAX_LITE_COUNTER)
    throw new MlsError('mls/too-far-ahead', { details: { counter, next } })
}

/** Takes a key out of a chain that has passed assertCounter; the chain that was given stays as it was. */
export function keyAt(
  crypto: CryptoProvider,
  chain: Chain,
  counter: number,
): { readonly chain: Chain; readonly key: Uint8Array } {
  const skipped = new Map(chain.skipped)
  const kept = skipped.get(counter)
  if (kept !== undefined) {
    skipped.delete(counter)
    return { chain: { ...chain, skipped }, key: kept.slice() }
  }
  let { secret } = chain
  for (let at = chain.next; ; at++) {
    const key = crypto.hmacSha256(secret, KEY)
    const next = crypto.hmacSha256(secret, NEXT)
    if (at > chain.next) zeroize(secret)
    secret = next
    if (at === counter) return { chain: { secret, next: at + 1, skipped: youngest(skipped) }, key }
    skipped.set(at, key)
  }
}

function youngest(skipped: Map<number, Uint8Array>): ReadonlyMap<number, Uint8Array> {
  for (const at of skipped.keys()) {
    if (skipped.size <= KEPT_LITE_KEYS) break
    skipped.delete(at)
  }
  return skipped
}
