/**
 * Which post-quantum epoch a received frame was sent under (spec/session.md, "Post-quantum ratchet").
 *
 * The header carries it modulo 16. A sender never goes back, and cannot go two epochs on before we have read one
 * frame of the first: so what comes is the epoch last seen or the one after it, and what did not come before a
 * frame of epoch e is of the epoch last seen before, or of e.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { PQ_EPOCH_MODULUS } from '@hyphae/tlv'
import { mixKey } from './kdf.js'
import type { SessionCore } from './session.js'
import type { SkippedEpochs, SkippedKey } from './skipped-keys.js'

/** In suite 1, epoch 0 without a key. */
export interface FrameEpoch {
  readonly epoch: number
  readonly key: Uint8Array | null
}

const CLASSIC: FrameEpoch = { epoch: 0, key: null }

/** Null for an epoch whose key we do not have: fails closed. */
export function epochOfFrame(core: SessionCore, pqEpoch: number): FrameEpoch | null {
  if (core.pq === null) return pqEpoch === 0 ? CLASSIC : null
  const { epoch, key, next } = core.pq.state
  if (pqEpoch === epoch % PQ_EPOCH_MODULUS) return { epoch, key }
  if (next !== null && pqEpoch === (epoch + 1) % PQ_EPOCH_MODULUS) return { epoch: epoch + 1, key: next }
  return null
}

/** The epoch and the mixed message key of a late frame; null as above. */
export function epochOfLate(
  entry: SkippedKey,
  pqEpoch: number,
): { readonly epoch: number; readonly messageKey: Uint8Array } | null {
  const { pq, messageKey } = entry
  if (pq === null) return pqEpoch === 0 ? { epoch: 0, messageKey } : null
  const { epoch, later } = pq
  if (pqEpoch === epoch % PQ_EPOCH_MODULUS) return { epoch, messageKey }
  if (later === null || pqEpoch !== (epoch + 1) % PQ_EPOCH_MODULUS) return null
  return { epoch: epoch + 1, messageKey: later }
}

/** Entries of messages that did not come before a frame of `frame`'s epoch, mixed with every key they may need. */
export function mixLate(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: FrameEpoch,
  entries: readonly SkippedKey[],
): readonly SkippedKey[] {
  if (core.pq === null || frame.key === null) return entries
  const { epoch, key } = core.pq.state
  const laterKey = frame.epoch > epoch ? frame.key : null
  return entries.map((entry) => {
    const { messageKey } = entry
    const pq: SkippedEpochs = {
      epoch,
      later: laterKey === null ? null : mixKey(crypto, laterKey, messageKey),
    }
    return { ...entry, messageKey: mixKey(crypto, key, messageKey), pq }
  })
}
