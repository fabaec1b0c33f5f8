/**
 * The two key derivations of the Double Ratchet (its specification, sections 2.2, 2.3 and 4;
 * spec/session.md, "Key derivation").
 *
 *   root step    RK' ‖ CK = HKDF-SHA256(ikm = DH, salt = RK, info = root label, 64)
 *                NHK      = HMAC-SHA256(RK, header label)
 *   chain step   CK' ‖ MK = ChaCha20(key = CK, nonce = "hyphae chain", 64 bytes)
 *   in suite 2   MK'      = HMAC-SHA256(PK, MK), PK being the key of the post-quantum epoch
 *
 * NHK is the header key of the chain after the one that this step starts. It depends on every DH output before
 * this step, as in section 4.2, but is not stored a step in advance: that keeps a snapshot 32 bytes smaller.
 * The chain step is one block of the cipher that masks headers and seals bodies anyway.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { CHAIN_NONCE, HEADER_LABEL, ROOT_LABEL } from './labels.js'

export interface RootStep {
  readonly rootKey: Uint8Array
  readonly chainKey: Uint8Array
  /** For the next chain in the opposite direction. */
  readonly nextHeaderKey: Uint8Array
}

/** `dh` is overwritten. */
export function rootStep(crypto: SessionCrypto, rootKey: Uint8Array, dh: Uint8Array): RootStep {
  const output = crypto.hkdfSha256(dh, rootKey, ROOT_LABEL, 64)
  dh.fill(0)
  return {
    rootKey: output.slice(0, 32),
    chainKey: output.slice(32),
    nextHeaderKey: crypto.hmacSha256(rootKey, HEADER_LABEL),
  }
}

export interface ChainStep {
  readonly chainKey: Uint8Array
  /** Used for one frame. */
  readonly messageKey: Uint8Array
}

export function chainStep(crypto: SessionCrypto, chainKey: Uint8Array): ChainStep {
  const block = crypto.chacha20(chainKey, CHAIN_NONCE, 64)
  return { chainKey: block.slice(0, 32), messageKey: block.slice(32) }
}

/** Secret as long as either the chain or the post-quantum epoch is. */
export function mixKey(crypto: SessionCrypto, epochKey: Uint8Array, messageKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(epochKey, messageKey)
}
