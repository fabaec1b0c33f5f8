/**
 * A plea: what a member says outside the group's keys when those no longer reach the others. It says where the
 * member stands, which epochs it cannot find, and, when it asks to be added anew, where and with which KeyPackage; or
 * which epoch it has read and does not follow. Signed by the device's MLS key (spec/ordering.md section 8).
 *
 *   plea = group (16) ‖ key (32) ‖ nonce u64 ‖ epoch u64 ‖ lineage ‖ wants ‖ target ‖ key package ‖ signature (64)
 *
 * The lists are vectors of tags, the target is one tag or none. A KeyPackage has a target; a target without one is an
 * epoch that the member stands apart from, so it is none of its lineage.
 */
import { concatBytes, fromHex, GROUP_ID_BYTES, toHex, utf8 } from '@hyphae/core'
import type { MlsContext, MlsIdentity } from '../context.js'
import { MlsError } from '../errors.js'
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
import { HORIZON, MAX_WANTS, TAG_BYTES } from './limits.js'
import type { EpochTag } from './tag.js'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const LABEL = utf8('hyphae order plea 1')

export interface Plea {
  readonly group: string
  /** Ed25519, 32 bytes. */
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

export function encodePlea(ctx: MlsContext, { signing }: MlsIdentity, plea: Omit<Plea, 'key'>): Uint8Array {
  const body = concatBytes(
    fromHex(plea.group),
    signing.publicKey,
    u64(plea.nonce),
    u64(plea.epoch),
    tags(plea.lineage),
    tags(plea.wants),
    tags(plea.target === null ? [] : [plea.target]),
    vector(plea.keyPackage ?? new Uint8Array()),
  )
  return concatBytes(body, ctx.crypto.ed25519.sign(signing, concatBytes(LABEL, body)))
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
export function decodePlea(ctx: MlsContext, bytes: Uint8Array): Plea {
  if (bytes.length < SIGNATURE_BYTES) throw malformed()
  const body = bytes.subarray(0, bytes.length - SIGNATURE_BYTES)
  const from = reader(body, 'mls/malformed')
  const group = toHex(readRaw(from, GROUP_ID_BYTES))
  const key = readRaw(from, KEY_BYTES).slice()
  const [nonce, epoch] = [readNumber(from), readNumber(from)]
  const lineage = readTags(from, HORIZON + 1)
  const wants = readTags(from, MAX_WANTS)
  const [target = null] = readTags(from, 1)
  const keyPackage = readVector(from)
  assertSpent(from)
  const contradicts = keyPackage.length > 0 ? target === null : target !== null && lineage.includes(target)
  if (lineage.length === 0 || contradicts) throw malformed()
  const signature = bytes.subarray(body.length)
  if (!ctx.crypto.ed25519.verify(key, concatBytes(LABEL, body), signature)) throw malformed()
  const offered = keyPackage.length === 0 ? null : keyPackage.slice()
  return { group, key, nonce, epoch, lineage, wants, target, keyPackage: offered }
}
