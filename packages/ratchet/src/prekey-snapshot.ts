/**
 * Stored form of the prekeys (spec/session.md, "Snapshots"). Holds private keys: seal it before it is stored.
 *
 *   version u8 | next id u32
 *   | count u8  | { id u32, created u48, private key 32, bundle hash 32 } × count
 *   | count u16 | { id u32, signed prekey id u32, private key 32, bundle hash 32 } × count
 *
 * Version 2, written when there is a KEM prekey, adds to each entry: KEM u8, 0 for none | seed 64, if any.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import type { KemName, KemPrivateKey } from '@hyphae/crypto/kem'
import { type ByteReader, type ByteWriter, byteReader, byteWriter } from './bytes.js'
import { RatchetError } from './errors.js'
import { KEPT_SIGNED_PREKEYS, MAX_ONE_TIME_PREKEYS } from './limits.js'
import type { PostQuantum } from './post-quantum.js'
import type { OneTimePrekey, PrekeyState, SignedPrekey } from './prekey-state.js'

export const PREKEY_SNAPSHOT_VERSION = 1
export const PREKEY_SNAPSHOT_VERSION_KEM = 2
const KEM_SEED_BYTES = 64
/** By the number that names them: their index and one. */
const KEMS: readonly KemName[] = ['ml-kem-768', 'ml-kem-1024']

export function encodePrekeyState(crypto: SessionCrypto, state: PrekeyState): Uint8Array {
  const { signed, oneTime } = state
  const classic = [...signed, ...oneTime].every((one) => one.kem === null)
  const version = classic ? PREKEY_SNAPSHOT_VERSION : PREKEY_SNAPSHOT_VERSION_KEM
  const writer = byteWriter().u8(version).u32(state.nextId).u8(signed.length)
  const writeKem = (kem: KemPrivateKey | null): void => {
    if (!classic) writeKemKey(writer, state.pq, kem)
  }
  for (const { id, createdAt, key, kem, bundleHash } of signed) {
    writer.u32(id).time(createdAt).bytes(crypto.x25519.exportPrivateKey(key)).bytes(bundleHash)
    writeKem(kem)
  }
  writer.u16(oneTime.length)
  for (const { id, signedPrekeyId, key, kem, bundleHash } of oneTime) {
    writer.u32(id).u32(signedPrekeyId).bytes(crypto.x25519.exportPrivateKey(key)).bytes(bundleHash)
    writeKem(kem)
  }
  return writer.done()
}

function writeKemKey(writer: ByteWriter, pq: PostQuantum | null, kem: KemPrivateKey | null): void {
  if (kem === null || pq === null) {
    writer.u8(0)
    return
  }
  writer.u8(KEMS.indexOf(kem.kind) + 1).bytes(pq.kem(kem.kind).exportSeed(kem))
}

export interface DecodePrekeyOptions {
  /** Needed where there are KEM prekeys; with it, a classic state makes them from the next rotation on. */
  readonly pq?: PostQuantum
}

/** Accepts only what encodePrekeyState writes. @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodePrekeyState(
  crypto: SessionCrypto,
  bytes: Uint8Array,
  options: DecodePrekeyOptions = {},
): PrekeyState {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const version = reader.u8()
  const pq = options.pq ?? null
  if (version !== PREKEY_SNAPSHOT_VERSION && (version !== PREKEY_SNAPSHOT_VERSION_KEM || pq === null)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
  const nextId = reader.u32()
  const source = { crypto, reader, nextId, pq: version === PREKEY_SNAPSHOT_VERSION_KEM ? pq : null }
  const signed = readSigned(source)
  const oneTime = readOneTime(source, signed)
  reader.end()
  if (source.pq !== null && [...signed, ...oneTime].every((one) => one.kem === null)) refuse('kems', 0)
  return { nextId, signed, oneTime, pq }
}

interface Source {
  readonly crypto: SessionCrypto
  readonly reader: ByteReader
  readonly nextId: number
  /** Null in version 1. */
  readonly pq: PostQuantum | null
}

function refuse(name: string, value: number): never {
  throw new RatchetError('ratchet/bad-snapshot', { details: { [name]: value } })
}

function readSigned(source: Source): SignedPrekey[] {
  const { crypto, reader, nextId } = source
  const count = reader.u8()
  if (count < 1 || count > KEPT_SIGNED_PREKEYS) refuse('signedPrekeys', count)
  const signed: SignedPrekey[] = []
  for (let previous = 0; signed.length < count; ) {
    const id = reader.u32()
    if (id <= previous || id >= nextId) refuse('id', id)
    previous = id
    const createdAt = reader.time()
    const key = readKey(crypto, reader)
    const bundleHash = reader.bytes(32)
    signed.push({ id, createdAt, key, kem: readKem(source), bundleHash })
  }
  return signed
}

function readOneTime(source: Source, signed: readonly SignedPrekey[]): OneTimePrekey[] {
  const { crypto, reader, nextId } = source
  const count = reader.u16()
  if (count > MAX_ONE_TIME_PREKEYS) refuse('oneTimePrekeys', count)
  const oneTime: OneTimePrekey[] = []
  for (let previous = 0; oneTime.length < count; ) {
    const id = reader.u32()
    const signedPrekeyId = reader.u32()
    if (id <= previous || id >= nextId) refuse('id', id)
    if (!signed.some((one) => one.id === signedPrekeyId)) refuse('signedPrekeyId', signedPrekeyId)
    previous = id
    const key = readKey(crypto, reader)
    const bundleHash = reader.bytes(32)
    oneTime.push({ id, signedPrekeyId, key, kem: readKem(source), bundleHash })
  }
  return oneTime
}

function readKey(crypto: SessionCrypto, reader: ByteReader): SignedPrekey['key'] {
  return crypto.x25519.importPrivateKey(reader.bytes(32))
}

function readKem({ reader, pq }: Source): KemPrivateKey | null {
  if (pq === null) return null
  const number = reader.u8()
  if (number === 0) return null
  const name = KEMS[number - 1] ?? refuse('kem', number)
  return pq.kem(name).importSeed(reader.bytes(KEM_SEED_BYTES))
}
