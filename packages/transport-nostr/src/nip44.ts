/**
 * NIP-44 version 2: text encrypted between two keys.
 *
 *     conversation key = HKDF-extract(salt "nip44-v2", x coordinate of ECDH)
 *     chacha key 32 ‖ chacha nonce 12 ‖ hmac key 32 = HKDF-expand(conversation key, nonce, 76)
 *     payload = base64(02 ‖ nonce 32 ‖ ChaCha20(padded text) ‖ HMAC-SHA256(hmac key, nonce ‖ ciphertext))
 *     padded text = length (u16, or 0000 ‖ u32 from 65,536 on, big-endian) ‖ text ‖ zeros
 *
 * Unauthenticated as to who wrote it: the event around it is signed. Knows no events.
 */
import { fromUtf8, utf8 } from '@hyphae/core'
import { constantTimeEqual, hkdfExpand } from '@hyphae/crypto'
import { decodeBase64, encodeBase64 } from './base64.js'
import { NostrError } from './errors.js'
import { type NostrKey, type PublicKeyHex, publicKeyBytes, secretOf } from './key.js'
import { EXTENDED_LENGTH, MAX_PLAINTEXT_BYTES, MIN_PADDED_BYTES } from './limits.js'
import type { Nostr } from './nostr.js'

const SALT = utf8('nip44-v2')
const VERSION = 2
const NONCE_BYTES = 32
const MAC_BYTES = 32
/** Version, nonce, the shortest padded text with its length, and MAC. */
const MIN_PAYLOAD_BYTES = 1 + NONCE_BYTES + 2 + MIN_PADDED_BYTES + MAC_BYTES
const MAX_PAYLOAD_BYTES = 1 + NONCE_BYTES + 6 + paddedLength(MAX_PLAINTEXT_BYTES) + MAC_BYTES

/** 32 bytes, the same for both sides. @throws NostrError `nostr/bad-key`, `nostr/foreign-key` */
export function conversationKey({ crypto, secp256k1 }: Nostr, own: NostrKey, peer: PublicKeyHex): Uint8Array {
  const secret = secretOf(own)
  const point = publicKeyBytes(peer)
  let shared: Uint8Array
  try {
    shared = secp256k1.sharedX(secret, point)
  } catch {
    throw new NostrError('nostr/bad-key')
  }
  return crypto.hmacSha256(SALT, shared)
}

/** Bytes that a text of this many takes once padded, without its length. */
export function paddedLength(length: number): number {
  if (length <= MIN_PADDED_BYTES) return MIN_PADDED_BYTES
  const nextPower = 2 ** (32 - Math.clz32(length - 1))
  const chunk = nextPower <= 256 ? MIN_PADDED_BYTES : nextPower / 8
  return chunk * (Math.floor((length - 1) / chunk) + 1)
}

function prefixLength(length: number): number {
  return length < EXTENDED_LENGTH ? 2 : 6
}

function pad(text: Uint8Array): Uint8Array {
  const prefix = prefixLength(text.length)
  const padded = new Uint8Array(prefix + paddedLength(text.length))
  const view = new DataView(padded.buffer)
  if (prefix === 2) view.setUint16(0, text.length)
  else view.setUint32(2, text.length)
  padded.set(text, prefix)
  return padded
}

/** Null unless the length is right, in its shortest form, and all padding zero. */
function unpad(padded: Uint8Array): Uint8Array | null {
  const view = new DataView(padded.buffer, padded.byteOffset, padded.byteLength)
  const short = view.getUint16(0)
  const length = short === 0 ? view.getUint32(2) : short
  const prefix = short === 0 ? 6 : 2
  if (length === 0 || prefixLength(length) !== prefix) return null
  if (padded.length !== prefix + paddedLength(length)) return null
  for (let i = prefix + length; i < padded.length; i++) if (padded[i] !== 0) return null
  return padded.subarray(prefix, prefix + length)
}

interface MessageKeys {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly mac: Uint8Array
}

function messageKeys({ crypto }: Nostr, conversation: Uint8Array, nonce: Uint8Array): MessageKeys {
  const keys = hkdfExpand(crypto, conversation, nonce, 76)
  return { key: keys.subarray(0, 32), nonce: keys.subarray(32, 44), mac: keys.subarray(44, 76) }
}

/** Into `stream`, which nobody else has. */
function masked(bytes: Uint8Array, stream: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) stream[i] = (bytes[i] as number) ^ (stream[i] as number)
  return stream
}

/** `nonce` is for test vectors alone: never twice under one key. @throws NostrError `nostr/bad-length` */
export function encrypt44(nostr: Nostr, conversation: Uint8Array, text: string, nonce?: Uint8Array): string {
  return encryptBytes44(nostr, conversation, utf8(text), nonce)
}

/** As `encrypt44`, for content that is no text. @throws NostrError `nostr/bad-length` */
export function encryptBytes44(
  nostr: Nostr,
  conversation: Uint8Array,
  content: Uint8Array,
  nonce: Uint8Array = nostr.crypto.randomBytes(NONCE_BYTES),
): string {
  if (content.length < 1 || content.length > MAX_PLAINTEXT_BYTES)
    throw new NostrError('nostr/bad-length', {
      details: { bytes: content.length, limit: MAX_PLAINTEXT_BYTES },
    })
  const keys = messageKeys(nostr, conversation, nonce)
  const padded = pad(content)
  const sealed = masked(padded, nostr.crypto.chacha20(keys.key, keys.nonce, padded.length))
  const payload = new Uint8Array(1 + NONCE_BYTES + sealed.length + MAC_BYTES)
  payload[0] = VERSION
  payload.set(nonce, 1)
  payload.set(sealed, 1 + NONCE_BYTES)
  const covered = payload.subarray(1, payload.length - MAC_BYTES)
  payload.set(nostr.crypto.hmacSha256(keys.mac, covered), payload.length - MAC_BYTES)
  return encodeBase64(payload)
}

/** @throws NostrError `nostr/bad-payload`, one answer to whatever is wrong with it */
export function decrypt44(nostr: Nostr, conversation: Uint8Array, payload: string): string {
  const bytes = decryptBytes44(nostr, conversation, payload)
  try {
    return fromUtf8(bytes)
  } catch {
    throw new NostrError('nostr/bad-payload')
  }
}

/** As `decrypt44`, for content that is no text. @throws NostrError `nostr/bad-payload` */
export function decryptBytes44(nostr: Nostr, conversation: Uint8Array, payload: string): Uint8Array {
  const bytes = payload.length > Math.ceil(MAX_PAYLOAD_BYTES / 3) * 4 ? null : decodeBase64(payload)
  if (bytes === null || bytes.length < MIN_PAYLOAD_BYTES || bytes[0] !== VERSION)
    throw new NostrError('nostr/bad-payload')
  const covered = bytes.subarray(1, bytes.length - MAC_BYTES)
  const keys = messageKeys(nostr, conversation, covered.subarray(0, NONCE_BYTES))
  const mac = nostr.crypto.hmacSha256(keys.mac, covered)
  if (!constantTimeEqual(mac, bytes.subarray(bytes.length - MAC_BYTES)))
    throw new NostrError('nostr/bad-payload')
  const sealed = covered.subarray(NONCE_BYTES)
  const content = unpad(masked(sealed, nostr.crypto.chacha20(keys.key, keys.nonce, sealed.length)))
  if (content === null) throw new NostrError('nostr/bad-payload')
  return content
}
