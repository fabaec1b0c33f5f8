/**
 * Where a device is, for who knows its device id and for nobody else (spec/libp2p.md, "Announcements"): a directory record
 * at an address derived from the device id, sealed with a key derived from it, and signed by the device inside.
 *
 *     body      = nonce 24 ‖ XChaCha20-Poly1305(statement ‖ signature 64 ‖ zeros up to a step)
 *     statement = length u16 | time u64 | count u8 | count × (length u16 | multiaddr)
 */
import { concatBytes, type DirectoryRecord, fromHex, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import { ANNOUNCEMENT_STEP, MAX_ADDRESS_CHARACTERS, MAX_ANNOUNCED_ADDRESSES } from './limits.js'

const ADDRESS_LABEL = utf8('hyphae libp2p announcement address 1')
const KEY_LABEL = utf8('hyphae libp2p announcement key 1')
const WRITER_LABEL = utf8('hyphae libp2p announcement writer 1\0')
const STATEMENT_LABEL = utf8('hyphae libp2p announcement 1\0')
const NONCE_BYTES = 24
const TAG_BYTES = 16
const SIGNATURE_BYTES = 64
const HEAD_BYTES = 2 + 8 + 1

export interface Announcement {
  /** Milliseconds since 1970 by the device's clock; the highest counts. */
  readonly time: number
  /** Multiaddrs as text, each ending in /p2p/ and the peer id. */
  readonly addresses: readonly string[]
}

/** `device` is the device's Ed25519 public key. */
export function announcementAddress(crypto: CryptoProvider, device: Uint8Array): Uint8Array {
  return crypto.hmacSha256(ADDRESS_LABEL, device)
}

/** The same writer in each run, so that a restart replaces what it said before; the signature it is made from is never sent. */
function writerOf(crypto: CryptoProvider, identity: Ed25519PrivateKey): Ed25519PrivateKey {
  return crypto.ed25519.importSeed(crypto.sha256(crypto.ed25519.sign(identity, WRITER_LABEL)))
}

export function signAnnouncement(
  crypto: CryptoProvider,
  identity: Ed25519PrivateKey,
  { time, addresses }: Announcement,
): DirectoryRecord {
  const device = identity.publicKey
  const statement = encodeStatement(time, addresses.slice(0, MAX_ANNOUNCED_ADDRESSES))
  const signature = crypto.ed25519.sign(identity, concatBytes(STATEMENT_LABEL, statement))
  const used = statement.length + SIGNATURE_BYTES
  const plaintext = new Uint8Array(Math.ceil(used / ANNOUNCEMENT_STEP) * ANNOUNCEMENT_STEP)
  plaintext.set(statement)
  plaintext.set(signature, statement.length)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  const key = crypto.hmacSha256(KEY_LABEL, device)
  const sealed = crypto.xchacha20Poly1305.seal(key, nonce, plaintext, device)
  const address = announcementAddress(crypto, device)
  const body = concatBytes(nonce, sealed)
  return signDirectoryRecord(crypto, writerOf(crypto, identity), { address, sequence: time, body })
}

/** What a record at a device's address says; null when the device has not signed it. */
export function openAnnouncement(
  crypto: CryptoProvider,
  device: string,
  record: Pick<DirectoryRecord, 'body'>,
): Announcement | null {
  const { body } = record
  const key = fromHex(device)
  if (body.length < NONCE_BYTES + TAG_BYTES + HEAD_BYTES + SIGNATURE_BYTES) return null
  const plaintext = crypto.xchacha20Poly1305.open(
    crypto.hmacSha256(KEY_LABEL, key),
    body.subarray(0, NONCE_BYTES),
    body.subarray(NONCE_BYTES),
    key,
  )
  if (plaintext === null) return null
  const length = (plaintext[0] as number) | ((plaintext[1] as number) << 8)
  if (length < HEAD_BYTES || length + SIGNATURE_BYTES > plaintext.length) return null
  const statement = plaintext.subarray(0, length)
  const signature = plaintext.subarray(length, length + SIGNATURE_BYTES)
  if (!crypto.ed25519.verify(key, concatBytes(STATEMENT_LABEL, statement), signature)) return null
  return decodeStatement(statement)
}

function encodeStatement(time: number, addresses: readonly string[]): Uint8Array {
  const parts = addresses.flatMap((address) => {
    const bytes = utf8(address)
    return [Uint8Array.of(bytes.length & 0xff, bytes.length >> 8), bytes]
  })
  const list = concatBytes(...parts)
  const statement = new Uint8Array(HEAD_BYTES + list.length)
  const view = new DataView(statement.buffer)
  view.setUint16(0, statement.length, true)
  view.setBigUint64(2, BigInt(time), true)
  statement[10] = addresses.length
  statement.set(list, HEAD_BYTES)
  return statement
}

function decodeStatement(statement: Uint8Array): Announcement | null {
  const view = new DataView(statement.buffer, statement.byteOffset, statement.length)
  const time = Number(view.getBigUint64(2, true))
  const count = statement[10] as number
  if (count > MAX_ANNOUNCED_ADDRESSES || !Number.isSafeInteger(time)) return null
  const addresses: string[] = []
  let at = HEAD_BYTES
  for (let index = 0; index < count; index++) {
    if (at + 2 > statement.length) return null
    const end = at + 2 + view.getUint16(at, true)
    if (end > statement.length || end - at - 2 > MAX_ADDRESS_CHARACTERS) return null
    addresses.push(new TextDecoder().decode(statement.subarray(at + 2, end)))
    at = end
  }
  return at === statement.length ? { time, addresses } : null
}
