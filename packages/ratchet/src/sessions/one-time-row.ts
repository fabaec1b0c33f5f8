/**
 * A stored one-time prekey, a row each so that a handshake reads and deletes its own only. Holds private keys.
 *
 *   version u8 | signed prekey id u32 | private key 32 | bundle hash 32 | KEM u8, 0 for none | seed 64, if any
 */
import type { SessionCrypto } from '@hyphae/crypto'
import type { KemName, KemPrivateKey } from '@hyphae/crypto/kem'
import { type ByteReader, byteReader, byteWriter } from '../bytes.js'
import { RatchetError } from '../errors.js'
import type { PostQuantum } from '../post-quantum.js'
import type { OneTimePrekey } from '../prekey-state.js'

const VERSION = 1
const FIXED_BYTES = 1 + 4 + 32 + 32 + 1
const KEM_SEED_BYTES = 64
/** By the number that names them: their index and one. */
const KEMS: readonly KemName[] = ['ml-kem-768', 'ml-kem-1024']

export function encodeOneTime(
  crypto: Pick<SessionCrypto, 'x25519'>,
  pq: PostQuantum | null,
  prekey: OneTimePrekey,
): Uint8Array {
  const seed = prekey.kem === null || pq === null ? null : pq.kem(prekey.kem.kind).exportSeed(prekey.kem)
  const writer = byteWriter(FIXED_BYTES + (seed?.length ?? 0))
    .u8(VERSION)
    .u32(prekey.signedPrekeyId)
    .bytes(crypto.x25519.exportPrivateKey(prekey.key))
    .bytes(prekey.bundleHash)
  if (seed === null || prekey.kem === null) return writer.u8(0).done()
  return writer
    .u8(KEMS.indexOf(prekey.kem.kind) + 1)
    .bytes(seed)
    .done()
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeOneTime(
  crypto: Pick<SessionCrypto, 'x25519'>,
  pq: PostQuantum | null,
  id: number,
  bytes: Uint8Array,
): OneTimePrekey {
  const { reader, signedPrekeyId } = readHead(bytes)
  const key = crypto.x25519.importPrivateKey(reader.bytes(32))
  const bundleHash = reader.bytes(32)
  const kem = readKem(reader, pq)
  reader.end()
  return { id, signedPrekeyId, key, kem, bundleHash }
}

/** Without importing the keys, which takes as long as making them. */
export function signedPrekeyIdOf(bytes: Uint8Array): number {
  return readHead(bytes).signedPrekeyId
}

function readHead(bytes: Uint8Array): { readonly reader: ByteReader; readonly signedPrekeyId: number } {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const version = reader.u8()
  if (version !== VERSION) throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  return { reader, signedPrekeyId: reader.u32() }
}

function readKem(reader: ByteReader, pq: PostQuantum | null): KemPrivateKey | null {
  const number = reader.u8()
  if (number === 0) return null
  const name = KEMS[number - 1]
  if (name === undefined) throw new RatchetError('ratchet/bad-snapshot', { details: { kem: number } })
  if (pq === null) throw new RatchetError('ratchet/unsupported-version', { details: { kem: number } })
  return pq.kem(name).importSeed(reader.bytes(KEM_SEED_BYTES))
}
