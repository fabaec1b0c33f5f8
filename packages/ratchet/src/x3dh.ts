/**
 * X3DH key agreement (its specification, section 3.3; spec/session.md, "Key agreement").
 *
 *   T   = SHA-256(label ‖ IKi ‖ IKr ‖ bundle hash ‖ KEM key length u16 ‖ KEM key ‖ unconfirmed handshake)
 *   IKM = FF×32 ‖ DH(IKi, SPKr) ‖ DH(EKi, IKr) ‖ DH(EKi, SPKr) ‖ [DH(EKi, OPKr)] ‖ [KEM secret]
 *   RK0 ‖ HK1 ‖ confirmation key = HKDF-SHA256(IKM, no salt, x3dh label ‖ T, 96)
 *   mailbox secret               = HKDF-SHA256(IKM, no salt, mailbox label ‖ T, 32)
 *
 * IK stands for both identity keys of a device, signing ‖ agreement; only the agreement key enters a DH.
 * T names both identities, the whole bundle and the whole handshake, so a key shared without intent, a swapped
 * prekey or a stripped offer gives two different secrets. The KEM parts are empty in suite 1.
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import type { PeerKeys } from './device-keys.js'
import { CONFIRM_LABEL, MAILBOX_LABEL, TRANSCRIPT_LABEL, X3DH_LABEL } from './labels.js'

/** Domain separation of section 3.3. */
const PREFIX: Uint8Array = new Uint8Array(32).fill(0xff)
/** Length of the KEM public key, u16: suite 1 has none. */
const NO_KEM: Uint8Array = new Uint8Array(2)
/** Stands for "no salt" in RFC 5869: 32 zero bytes. */
const NO_SALT: Uint8Array = new Uint8Array(0)

export interface TranscriptInput {
  readonly initiator: PeerKeys
  readonly responder: PeerKeys
  readonly bundleHash: Uint8Array
  /** The handshake without its confirmation. */
  readonly unconfirmed: Uint8Array
}

/** What both sides must agree on, in 32 bytes. Public. */
export function transcriptHash(crypto: CryptoProvider, input: TranscriptInput): Uint8Array {
  const { initiator, responder } = input
  return crypto.sha256(
    concatBytes(
      TRANSCRIPT_LABEL,
      initiator.signing,
      initiator.agreement,
      responder.signing,
      responder.agreement,
      input.bundleHash,
      NO_KEM,
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
}

/** `outputs` are the DH outputs in the order above; they are overwritten. */
export function agreeSecrets(
  crypto: CryptoProvider,
  outputs: readonly Uint8Array[],
  transcript: Uint8Array,
): AgreedSecrets {
  const ikm = concatBytes(PREFIX, ...outputs)
  const keys = crypto.hkdfSha256(ikm, NO_SALT, concatBytes(X3DH_LABEL, transcript), 96)
  const mailboxSecret = crypto.hkdfSha256(ikm, NO_SALT, concatBytes(MAILBOX_LABEL, transcript), 32)
  const confirmationKey = keys.slice(64)
  const secrets = {
    rootKey: keys.slice(0, 32),
    headerKey: keys.slice(32, 64),
    mailboxSecret,
    confirmation: crypto.hmacSha256(confirmationKey, concatBytes(CONFIRM_LABEL, transcript)),
  }
  zeroize(ikm, keys, confirmationKey, ...outputs)
  return secrets
}
