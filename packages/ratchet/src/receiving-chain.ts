/**
 * Walking a receiving chain past messages that did not come (Double Ratchet section 3.5, SkipMessageKeys).
 *
 * Walking derives message keys only. Their masks, as many blocks again, are computed when the frame that caused
 * the walk has proved to be authentic.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { type HeaderChain, maskAt } from './header-chain.js'
import { chainStep } from './kdf.js'
import { MAX_FORWARD } from './limits.js'
import type { ReceivingChain } from './session.js'
import type { SkippedKey } from './skipped-keys.js'

export interface Walk {
  /** The chain after the message. */
  readonly chainKey: Uint8Array
  readonly messageKey: Uint8Array
  /** Message keys passed on the way. */
  readonly skipped: readonly Uint8Array[]
}

/** The message key `steps` messages ahead; callers have bounded `steps` by MAX_FORWARD. */
export function walkChain(crypto: SessionCrypto, chainKey: Uint8Array, steps: number): Walk {
  const skipped: Uint8Array[] = []
  let step = chainStep(crypto, chainKey)
  for (let i = 0; i < steps; i++) {
    skipped.push(step.messageKey)
    step = chainStep(crypto, step.chainKey)
  }
  return { ...step, skipped }
}

/** Entries for message keys of a chain, the first of them for message `from`; not mixed yet. */
export function skippedOf(
  crypto: SessionCrypto,
  header: HeaderChain,
  from: number,
  messageKeys: readonly Uint8Array[],
  now: number,
): SkippedKey[] {
  return messageKeys.map((messageKey, i) => ({
    mask: maskAt(crypto, header, from + i).slice(),
    messageKey,
    pq: null,
    storedAt: now,
  }))
}

/**
 * What is still to come of a chain that ended at `length` messages. Of a longer gap than MAX_FORWARD only the
 * first keys are kept: losing late messages is better than losing the session, and the work stays bounded.
 */
export function closeChain(
  crypto: SessionCrypto,
  chain: ReceivingChain,
  length: number,
  now: number,
): SkippedKey[] {
  const missing = Math.min(length - chain.n, MAX_FORWARD)
  if (missing <= 0) return []
  const walk = walkChain(crypto, chain.chainKey, missing - 1)
  return skippedOf(crypto, chain.header, chain.n, [...walk.skipped, walk.messageKey], now)
}
