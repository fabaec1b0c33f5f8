/**
 * A plea: what a member says outside the group's keys when those no longer reach the others. It says where the
 * member stands, which epochs it cannot find, and, when it asks to be added anew, where and with which KeyPackage; or
 * which epoch it has read and does not follow. Signed by the device's MLS key (spec/ordering.md section 8).
 *
 *   plea = group (16) ‖ key ‖ nonce u64 ‖ epoch u64 ‖ lineage ‖ wants ‖ target ‖ key package ‖ signature
 *
 * All but group and numbers are vectors. The lists are of tags, the target is one tag or none; key and signature are of
 * the group's suite. A KeyPackage has a target; a target without one is an
 * epoch that the member stands apart from, so it is none of its lineage.
 */
import { concatBytes, fromHex, GROUP_ID_BYTES, toHex, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { MlsError } from '../errors.js'
import { type SigningKey, signingBytes } from '../signing.js'
import type { SyncSuite } from '../sync-suite.js'
import {
  assertSpent,
  type Reader,
  reader,
  readRaw,
  readU64,
  readVector,
  vectorSize,
  writer,
  writeU64,
  writeVector,
} from '../wire.js'
import { HORIZON, MAX_KEY_BYTES, MAX_WANTS, TAG_BYTES } from './limits.js'
import type { EpochTag } from './tag.js'

const LABEL = utf8('hyphae order plea 1')

export interface Plea {
  readonly group: string
  /** As in the leaf of its device: Ed25519 in most suites. */
  readonly key: Uint8Array
  /** Makes two pleas of the same words two messages. */
  readonly nonce: number
  readonly epoch: number
  /** The present epoch and those before it within the horizon, the present one first. */
  readonly lineage: readonly EpochTag[]
  readonly wants: readonly EpochTag[]
  /** The epoch of the branch to which it asks to be added, or, without a KeyPackage, that it stands apart from. */
  readonly target: EpochTag | null
  readonly keyPackage: Uint8Array | null
}

function u64(value: number): Uint8Array {
  const to = writer(8)
  writeU64(to, BigInt(value))
  return to.bytes
}

function vector(data: Uint8Array): Uint8Array {
  const to = writer(vectorSize(data.length))
  writeVector(to, data)
  return to.bytes
}

const tags = (list: readonly EpochTag[]): Uint8Array => vector(concatBytes(...list.map(fromHex)))

/** @throws MlsError `mls/bad-argument` for a key of another suite */
export function encodePlea(
  crypto: CryptoProvider,
  suite: SyncSuite,
  signing: SigningKey,
  plea: Omit<Plea, 'key'>,
): Uint8Array {
  const body = concatBytes(
    fromHex(plea.group),
    vector(signing.publicKey),
    u64(plea.nonce),
    u64(plea.epoch),
    tags(plea.lineage),
    tags(plea.wants),
    tags(plea.target === null ? [] : [plea.target]),
    vector(plea.keyPackage ?? new Uint8Array()),
  )
  const signature = suite.sign(signingBytes(crypto, suite, signing), concatBytes(LABEL, body))
  return concatBytes(body, vector(signature))
}

const malformed = (): MlsError => new MlsError('mls/malformed')

function readNumber(from: Reader): number {
  const value = readU64(from)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed()
  return Number(value)
}

function readTags(from: Reader, limit: number): EpochTag[] {
  const bytes = readVector(from)
  if (bytes.length % TAG_BYTES !== 0 || bytes.length > limit * TAG_BYTES) throw malformed()
  return Array.from({ length: bytes.length / TAG_BYTES }, (_, i) =>
    toHex(bytes.subarray(i * TAG_BYTES, (i + 1) * TAG_BYTES)),
  )
}

/** The signature is that of the key in it; whose key that is, the caller knows. @throws MlsError `mls/malformed` */
export function decodePlea(suite: SyncSuite, bytes: Uint8Array): Plea {
  const from = reader(bytes, 'mls/malformed')
  const group = toHex(readRaw(from, GROUP_ID_BYTES))
  const key = readVector(from).slice()
  const [nonce, epoch] = [readNumber(from), readNumber(from)]
  const lineage = readTags(from, HORIZON + 1)
  const wants = readTags(from, MAX_WANTS)
  const [target = null] = readTags(from, 1)
  const keyPackage = readVector(from)
  const body = bytes.subarray(0, from.at)
  const signature = readVector(from)
  assertSpent(from)
  const contradicts = keyPackage.length > 0 ? target === null : target !== null && lineage.includes(target)
  if (lineage.length === 0 || contradicts || key.length > MAX_KEY_BYTES) throw malformed()
  if (!suite.isSigningKey(key) || !suite.verify(key, concatBytes(LABEL, body), signature)) throw malformed()
  const offered = keyPackage.length === 0 ? null : keyPackage.slice()
  return { group, key, nonce, epoch, lineage, wants, target, keyPackage: offered }
}
