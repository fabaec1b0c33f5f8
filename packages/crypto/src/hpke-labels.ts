/** LabeledExtract and LabeledExpand, RFC 9180 section 4. */
import { concatBytes, utf8 } from '@hyphae/core'
import { hkdfExpand, hkdfExtract } from './hkdf.js'
import type { CryptoProvider } from './provider.js'

const VERSION: Uint8Array = /* @__PURE__ */ utf8('HPKE-v1')

/** I2OSP(n, 2): HPKE counts big-endian, unlike our own formats. */
export function u16(n: number): Uint8Array {
  return Uint8Array.of(n >>> 8, n & 0xff)
}

export function labeledExtract(
  crypto: CryptoProvider,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Uint8Array {
  return hkdfExtract(crypto, salt, concatBytes(VERSION, suite, utf8(label), ikm))
}

export function labeledExpand(
  crypto: CryptoProvider,
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(crypto, prk, concatBytes(u16(length), VERSION, suite, utf8(label), info), length)
}
