/** Names people pass on (NIP-19): npub, nsec and note; and the relay hints of nprofile. Bech32, any length. */

import { fromUtf8, toHex } from '@hyphae/core'
import { bech32 } from '@scure/base'
import { NostrError } from './errors.js'
import { type PublicKeyHex, publicKeyBytes } from './key.js'
import { MAX_NAME_CHARACTERS } from './limits.js'

type Prefix = 'npub' | 'nsec' | 'note' | 'nprofile'

const TLV_SPECIAL = 0
const TLV_RELAY = 1

function encode(prefix: Prefix, bytes: Uint8Array): string {
  return bech32.encode(prefix, bech32.toWords(bytes), MAX_NAME_CHARACTERS)
}

function decode(prefix: Prefix, name: string): Uint8Array {
  if (name.length > MAX_NAME_CHARACTERS) throw new NostrError('nostr/bad-text')
  try {
    const found = bech32.decode(name as `${string}1${string}`, MAX_NAME_CHARACTERS)
    if (found.prefix === prefix) return bech32.fromWords(found.words)
  } catch {
    // An nsec with a typing error must not stand in the reason.
  }
  throw new NostrError('nostr/bad-text')
}

function decodeKey(prefix: Prefix, name: string): Uint8Array {
  const bytes = decode(prefix, name)
  if (bytes.length !== 32) throw new NostrError('nostr/bad-text')
  return bytes
}

/** @throws NostrError `nostr/bad-key` */
export function encodeNpub(publicKey: PublicKeyHex): string {
  return encode('npub', publicKeyBytes(publicKey))
}

/** @throws NostrError `nostr/bad-text` */
export function decodeNpub(npub: string): PublicKeyHex {
  return toHex(decodeKey('npub', npub))
}

/** The result is a secret. */
export function encodeNsec(secret: Uint8Array): string {
  if (secret.length !== 32) throw new NostrError('nostr/bad-key')
  return encode('nsec', secret)
}

/** The result is a secret. @throws NostrError `nostr/bad-text` */
export function decodeNsec(nsec: string): Uint8Array {
  return decodeKey('nsec', nsec)
}

/** An event id. @throws NostrError `nostr/bad-text` */
export function decodeNote(note: string): string {
  return toHex(decodeKey('note', note))
}

export interface Profile {
  readonly publicKey: PublicKeyHex
  /** Where the person may be found; hints, not checked. */
  readonly relays: readonly string[]
}

/** Records that are not known are skipped, as NIP-19 asks. @throws NostrError `nostr/bad-text` */
export function decodeNprofile(name: string): Profile {
  const bytes = decode('nprofile', name)
  let publicKey: PublicKeyHex | undefined
  const relays: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0)
    if (at + 2 > bytes.length || end > bytes.length) throw new NostrError('nostr/bad-text')
    const value = bytes.subarray(at + 2, end)
    if (bytes[at] === TLV_SPECIAL && value.length === 32) publicKey ??= toHex(value)
    if (bytes[at] === TLV_RELAY) relays.push(relayHint(value))
    at = end
  }
  if (publicKey === undefined) throw new NostrError('nostr/bad-text')
  return { publicKey, relays }
}

function relayHint(value: Uint8Array): string {
  try {
    return fromUtf8(value)
  } catch {
    throw new NostrError('nostr/bad-text')
  }
}
