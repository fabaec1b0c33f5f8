/**
 * Stored form of the prekeys (spec/session.md, "Snapshots"). Holds private keys: seal it before it is stored.
 *
 *   version u8 | next id u32
 *   | count u8  | { id u32, created u48, private key 32, bundle hash 32 } × count
 *   | count u16 | { id u32, signed prekey id u32, private key 32, bundle hash 32 } × count
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { type ByteReader, byteReader, byteWriter } from './bytes.js'
import { RatchetError } from './errors.js'
import { KEPT_SIGNED_PREKEYS, MAX_ONE_TIME_PREKEYS } from './limits.js'
import type { OneTimePrekey, PrekeyState, SignedPrekey } from './prekey-state.js'

export const PREKEY_SNAPSHOT_VERSION = 1
const FIXED_BYTES = 1 + 4 + 1 + 2
const SIGNED_BYTES = 4 + 6 + 32 + 32
const ONE_TIME_BYTES = 4 + 4 + 32 + 32

export function encodePrekeyState(crypto: CryptoProvider, state: PrekeyState): Uint8Array {
  const { signed, oneTime } = state
  const length = FIXED_BYTES + signed.length * SIGNED_BYTES + oneTime.length * ONE_TIME_BYTES
  const writer = byteWriter(length).u8(PREKEY_SNAPSHOT_VERSION).u32(state.nextId).u8(signed.length)
  for (const { id, createdAt, key, bundleHash } of signed) {
    writer.u32(id).time(createdAt).bytes(crypto.x25519.exportPrivateKey(key)).bytes(bundleHash)
  }
  writer.u16(oneTime.length)
  for (const { id, signedPrekeyId, key, bundleHash } of oneTime) {
    writer.u32(id).u32(signedPrekeyId).bytes(crypto.x25519.exportPrivateKey(key)).bytes(bundleHash)
  }
  return writer.done()
}

/** Accepts only what encodePrekeyState writes. @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodePrekeyState(crypto: CryptoProvider, bytes: Uint8Array): PrekeyState {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const version = reader.u8()
  if (version !== PREKEY_SNAPSHOT_VERSION) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
  const nextId = reader.u32()
  const signed = readSigned(crypto, reader, nextId)
  const oneTime = readOneTime(crypto, reader, nextId, signed)
  reader.end()
  return { nextId, signed, oneTime }
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { [name]: value } })
}

function readSigned(crypto: CryptoProvider, reader: ByteReader, nextId: number): SignedPrekey[] {
  const count = reader.u8()
  if (count < 1 || count > KEPT_SIGNED_PREKEYS) refuse('signedPrekeys', count)
  const signed: SignedPrekey[] = []
  for (let previous = 0; signed.length < count; ) {
    const id = reader.u32()
    if (id <= previous || id >= nextId) refuse('id', id)
    previous = id
    signed.push({ id, createdAt: reader.time(), key: readKey(crypto, reader), bundleHash: reader.bytes(32) })
  }
  return signed
}

function readOneTime(
  crypto: CryptoProvider,
  reader: ByteReader,
  nextId: number,
  signed: readonly SignedPrekey[],
): OneTimePrekey[] {
  const count = reader.u16()
  if (count > MAX_ONE_TIME_PREKEYS) refuse('oneTimePrekeys', count)
  const oneTime: OneTimePrekey[] = []
  for (let previous = 0; oneTime.length < count; ) {
    const id = reader.u32()
    const signedPrekeyId = reader.u32()
    if (id <= previous || id >= nextId) refuse('id', id)
    if (!signed.some((one) => one.id === signedPrekeyId)) refuse('signedPrekeyId', signedPrekeyId)
    previous = id
    oneTime.push({ id, signedPrekeyId, key: readKey(crypto, reader), bundleHash: reader.bytes(32) })
  }
  return oneTime
}

function readKey(crypto: CryptoProvider, reader: ByteReader): SignedPrekey['key'] {
  return crypto.x25519.importPrivateKey(reader.bytes(32))
}
