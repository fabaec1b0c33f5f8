/** Nostr keys: the secret half is opaque, so that printing or serialising a key shows its public half only. */
import { fromHex, toHex } from '@hyphae/core'
import { NostrError } from './errors.js'
import type { Nostr } from './nostr.js'

/** 64 lower-case hexadecimal digits: the x coordinate of the public key. */
export type PublicKeyHex = string

export interface NostrKey {
  readonly kind: 'nostr'
  readonly publicKey: PublicKeyHex
}

const secrets = new WeakMap<NostrKey, Uint8Array>()

/** @throws NostrError `nostr/bad-key` */
export function importNostrKey({ secp256k1 }: Nostr, secret: Uint8Array): NostrKey {
  if (secret.length !== 32) throw new NostrError('nostr/bad-key')
  const kept = secret.slice()
  try {
    const key: NostrKey = Object.freeze({ kind: 'nostr', publicKey: toHex(secp256k1.publicKey(kept)) })
    secrets.set(key, kept)
    return key
  } catch {
    // The library's reason could name the secret.
    throw new NostrError('nostr/bad-key')
  }
}

/** @throws CryptoError `crypto/rng-failed` */
export function generateNostrKey(nostr: Nostr): NostrKey {
  for (;;) {
    try {
      return importNostrKey(nostr, nostr.crypto.randomBytes(32))
    } catch (error) {
      // One draw in 2¹²⁸ is above the order; anything else is for the caller.
      if (!(error instanceof NostrError)) throw error
    }
  }
}

/** 32 bytes: for sealing into a snapshot or an nsec, nothing else. @throws NostrError `nostr/foreign-key` */
export function exportNostrKey(key: NostrKey): Uint8Array {
  return secretOf(key).slice()
}

/** The live secret, not a copy. @throws NostrError `nostr/foreign-key` */
export function secretOf(key: NostrKey): Uint8Array {
  const secret = secrets.get(key)
  if (secret === undefined) throw new NostrError('nostr/foreign-key')
  return secret
}

/** @throws NostrError `nostr/bad-key` unless 64 hexadecimal digits */
export function publicKeyBytes(publicKey: PublicKeyHex): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(publicKey)) throw new NostrError('nostr/bad-key')
  return fromHex(publicKey)
}
