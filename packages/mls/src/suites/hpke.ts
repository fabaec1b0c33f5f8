/**
 * HPKE base mode, one message or one exported secret (RFC 9180 sections 5.1 and 6), over any KEM of this
 * package. What suites 1 and 3 use is in `@hyphae/crypto`, for X25519 alone.
 *
 *   secret = LabeledExtract(shared_secret, "secret", "")
 *   key, base_nonce, exporter_secret = LabeledExpand(secret, "key" | "base_nonce" | "exp", context)
 */
import { concatBytes } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import { opened } from '../key-cache.js'
import type { SuiteHash } from '../suite.js'
import type { SyncSuite } from '../sync-suite.js'
import { labeledExpand, labeledExtract, suiteId } from './kdf.js'
import type { HpkeKem } from './kem.js'

const EMPTY = new Uint8Array()
const BASE_MODE = Uint8Array.of(0)

/** What a key schedule needs to know of a suite. */
export interface HpkeParts {
  readonly kem: HpkeKem
  readonly hash: SuiteHash
  /** RFC 9180 sections 7.2 and 7.3. */
  readonly kdfId: number
  readonly aeadId: number
  readonly keyLength: number
  readonly nonceLength: number
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | null
}

interface Schedule {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  exportSecret(context: Uint8Array, length: number): Uint8Array
}

function schedule(parts: HpkeParts, shared: Uint8Array, info: Uint8Array): Schedule {
  const { hash, kem, kdfId, aeadId, keyLength, nonceLength } = parts
  const id = suiteId('HPKE', kem.id, kdfId, aeadId)
  const pskIdHash = labeledExtract(hash, id, EMPTY, 'psk_id_hash', EMPTY)
  const context = concatBytes(BASE_MODE, pskIdHash, labeledExtract(hash, id, EMPTY, 'info_hash', info))
  const secret = labeledExtract(hash, id, shared, 'secret', EMPTY)
  zeroize(shared)
  const exporter = labeledExpand(hash, id, secret, 'exp', context, hash.size)
  return {
    key: labeledExpand(hash, id, secret, 'key', context, keyLength),
    nonce: labeledExpand(hash, id, secret, 'base_nonce', context, nonceLength),
    exportSecret: (exporterContext, length) =>
      labeledExpand(hash, id, exporter, 'sec', exporterContext, length),
  }
}

/** The part of a suite that encrypts to public keys. */
export function hpke(
  parts: HpkeParts,
): Pick<
  SyncSuite,
  | 'sealTo'
  | 'openWith'
  | 'sendExport'
  | 'receiveExport'
  | 'deriveKemPair'
  | 'generateKemPair'
  | 'kemPublicOf'
  | 'isKemKey'
  | 'kemKeyLength'
> {
  const { kem } = parts
  const receive = (privateKey: Uint8Array, kemOutput: Uint8Array, info: Uint8Array): Schedule =>
    schedule(parts, opened(kem.decapsulate(privateKey, kemOutput)), info)
  return {
    sealTo(publicKey, info, plaintext) {
      const { kemOutput, shared } = kem.encapsulate(publicKey)
      const { key, nonce } = schedule(parts, shared, info)
      return { kemOutput, ciphertext: parts.seal(key, nonce, plaintext, EMPTY) }
    },
    openWith(privateKey, info, { kemOutput, ciphertext }) {
      const { key, nonce } = receive(privateKey, kemOutput, info)
      return opened(parts.open(key, nonce, ciphertext, EMPTY))
    },
    sendExport(publicKey, exporterContext, length) {
      const { kemOutput, shared } = kem.encapsulate(publicKey)
      return { kemOutput, secret: schedule(parts, shared, EMPTY).exportSecret(exporterContext, length) }
    },
    receiveExport: (privateKey, kemOutput, exporterContext, length) =>
      receive(privateKey, kemOutput, EMPTY).exportSecret(exporterContext, length),
    deriveKemPair: (ikm) => kem.derive(ikm),
    generateKemPair: () => kem.generate(),
    kemPublicOf: (privateKey) => kem.publicOf(privateKey),
    isKemKey: (publicKey) => kem.isPublicKey(publicKey),
    kemKeyLength: kem.privateLength,
  }
}
