/**
 * X3DH and PQXDH key agreement (their specifications, section 3.3; spec/session.md, "Key agreement").
 *
 *   T   = SHA-256(label ‖ IKi ‖ IKr ‖ bundle hash ‖ KEM key length u16 ‖ KEM key ‖ unconfirmed handshake)
 *   IKM = FF×32 ‖ DH(IKi, SPKr) ‖ DH(EKi, IKr) ‖ DH(EKi, SPKr) ‖ [DH(EKi, OPKr)] ‖ [KEM secret]
 *   RK0 ‖ HK1 ‖ confirmation key = HKDF-SHA256(IKM, no salt, x3dh label ‖ T, 96)
 *   mailbox secret               = HKDF-SHA256(IKM, no salt, mailbox label ‖ T, 32)
 *   PR0 ‖ PK0                    = HKDF-SHA256(IKM, no salt, pq-start label ‖ T, 64), in suite 2
 *
 * IK stands for both identity keys of a device, signing ‖ agreement; only the agreement key enters a DH.
 * T names both identities, the whole bundle and the whole handshake, so a key shared without intent, a swapped
 * prekey or a stripped offer gives two different secrets. The KEM parts are empty in suite 1.
 */
import { concatBytes } from '@hyphae/core'
import { hkdfExpand, hkdfExtract, type SessionCrypto, zeroize } from '@hyphae/crypto'
import type { PeerKeys } from './device-keys.js'
import { CONFIRM_LABEL, MAILBOX_LABEL, PQ_START_LABEL, TRANSCRIPT_LABEL, X3DH_LABEL } from './labels.js'

/** Domain separation of section 3.3. */
const PREFIX: Uint8Array = new Uint8Array(32).fill(0xff)
/** The KEM public key of suite 1. */
const NO_KEM_KEY: Uint8Array = new Uint8Array(0)
/** Stands for "no salt" in RFC 5869: 32 zero bytes. */
const NO_SALT: Uint8Array = new Uint8Array(0)

export interface TranscriptInput {
  readonly initiator: PeerKeys
  readonly responder: PeerKeys
  readonly bundleHash: Uint8Array
  /** Null in suite 1. */
  readonly kemKey: Uint8Array | null
  /** The handshake without its confirmation. */
  readonly unconfirmed: Uint8Array
}

/** What both sides must agree on, in 32 bytes. Public. */
export function transcriptHash(crypto: SessionCrypto, input: TranscriptInput): Uint8Array {
  const { initiator, responder } = input
  const kemKey = input.kemKey ?? NO_KEM_KEY
  return crypto.sha256(
    concatBytes(
      TRANSCRIPT_LABEL,
      initiator.signing,
      initiator.agreement,
      responder.signing,
      responder.agreement,
      input.bundleHash,
      Uint8Array.of(kemKey.length & 0xff, kemKey.length >> 8),
      kemKey,
      input.unconfirmed,
    ),
  )
}

export interface AgreedSecrets {
  readonly rootKey: Uint8Array
  /** Of the initiator's first chain. */
  readonly headerKey: Uint8Array
  readonly mailboxSecret: Uint8Array
  /** HMAC-SHA256(confirmation key, label ‖ T): proves the secret without telling it. */
  readonly confirmation: Uint8Array
  /** First root and key of the post-quantum ratchet, 64 bytes; null in suite 1. */
  readonly postQuantum: Uint8Array | null
}

/** The shared secrets in the order above. */
export interface SecretInputs {
  readonly outputs: readonly Uint8Array[]
  /** Null in suite 1. */
  readonly kemSecret: Uint8Array | null
}

/** The inputs are overwritten. */
export function agreeSecrets(
  crypto: SessionCrypto,
  inputs: SecretInputs,
  transcript: Uint8Array,
): AgreedSecrets {
  const shared = inputs.kemSecret === null ? inputs.outputs : [...inputs.outputs, inputs.kemSecret]
  const ikm = concatBytes(PREFIX, ...shared)
  // One extraction serves all labels: RFC 5869 in its two halves.
  const prk = hkdfExtract(crypto, NO_SALT, ikm)
  const derive = (label: Uint8Array, length: number): Uint8Array =>
    hkdfExpand(crypto, prk, concatBytes(label, transcript), length)
  const keys = derive(X3DH_LABEL, 96)
  const confirmationKey = keys.slice(64)
  const secrets = {
    rootKey: keys.slice(0, 32),
    headerKey: keys.slice(32, 64),
    mailboxSecret: derive(MAILBOX_LABEL, 32),
    confirmation: crypto.hmacSha256(confirmationKey, concatBytes(CONFIRM_LABEL, transcript)),
    postQuantum: inputs.kemSecret === null ? null : derive(PQ_START_LABEL, 64),
  }
  zeroize(ikm, prk, keys, confirmationKey, ...shared)
  return secrets
}
