/**
 * HKDF (RFC 5869) over any hash, and the labelled form of it that HPKE uses (RFC 9180 section 4).
 *
 *   LabeledExtract(salt, label, ikm)        = Extract(salt, "HPKE-v1" ‖ suite_id ‖ label ‖ ikm)
 *   LabeledExpand(prk, label, info, length) = Expand(prk, length u16 ‖ "HPKE-v1" ‖ suite_id ‖ label ‖ info, length)
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { MlsError } from '../errors.js'
import type { SuiteHash } from '../suite.js'

const VERSION = utf8('HPKE-v1')
/** RFC 5869 section 2.3: the counter is one byte. */
const MAX_BLOCKS = 255

export function extract(hash: SuiteHash, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return hash.hmac(salt.length === 0 ? new Uint8Array(hash.size) : salt, ikm)
}

/** @throws MlsError `mls/bad-argument` beyond 255 blocks */
export function expand(hash: SuiteHash, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > MAX_BLOCKS * hash.size) throw new MlsError('mls/bad-argument', { details: { length } })
  const output = new Uint8Array(length)
  let block = new Uint8Array()
  for (let offset = 0, counter = 1; offset < length; offset += hash.size, counter++) {
    block = Uint8Array.from(hash.hmac(prk, concatBytes(block, info, Uint8Array.of(counter))))
    output.set(block.subarray(0, Math.min(hash.size, length - offset)), offset)
  }
  return output
}

/** A suite_id: `KEM` or `HPKE` and the numbers of what it is made of. */
export function suiteId(kind: 'KEM' | 'HPKE', ...ids: readonly number[]): Uint8Array {
  return concatBytes(utf8(kind), Uint8Array.from(ids.flatMap((id) => [id >>> 8, id & 0xff])))
}

export function labeledExtract(
  hash: SuiteHash,
  id: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return extract(hash, salt, concatBytes(VERSION, id, utf8(label), ikm))
}

export function labeledExpand(
  hash: SuiteHash,
  id: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const size = Uint8Array.of(length >>> 8, length & 0xff)
  return expand(hash, prk, concatBytes(size, VERSION, id, utf8(label), info), length)
}
