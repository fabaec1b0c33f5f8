/**
 * EMSA-PSS with SHA-384, MGF1 with SHA-384 and a 48-byte salt: RFC 8017 section 9.1, as RFC 9474 section 5 uses it.
 *
 * Sizes come from the modulus. Knows no key and no blinding.
 */
import { concatBytes } from '@hyphae/core'
import { sha384 } from '@noble/hashes/sha2.js'
import { PaymentError } from '../errors.js'

const HASH_BYTES = 48

/** RFC 9474: the salt is as long as the hash. */
export const SALT_BYTES = 48

const TRAILER = 0xbc
const PADDING1: Uint8Array = /* @__PURE__ */ new Uint8Array(8)

function mgf1(seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let counter = 0; counter * HASH_BYTES < length; counter++)
    blocks.push(
      sha384(concatBytes(seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter))),
    )
  return concatBytes(...blocks).subarray(0, length)
}

function xorInto(target: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) ^ (mask[i] as number)
}

/** Bytes of the encoded message and how many of its first bits are zero: emBits is one less than the modulus has. */
function shapeOf(modulusBits: number): { readonly length: number; readonly mask: number } {
  const bits = modulusBits - 1
  const length = Math.ceil(bits / 8)
  return { length, mask: 0xff >>> (8 * length - bits) }
}

/** Section 9.1.1. The salt is given, so that vectors can be checked. */
export function pssEncode(message: Uint8Array, salt: Uint8Array, modulusBits: number): Uint8Array {
  const { length, mask } = shapeOf(modulusBits)
  if (length < HASH_BYTES + salt.length + 2) throw new PaymentError('payment/bad-issuer-key')
  const hash = sha384(concatBytes(PADDING1, sha384(message), salt))
  const block = new Uint8Array(length - HASH_BYTES - 1)
  block[block.length - salt.length - 1] = 1
  block.set(salt, block.length - salt.length)
  xorInto(block, mgf1(hash, block.length))
  block[0] = (block[0] as number) & mask
  return concatBytes(block, hash, Uint8Array.of(TRAILER))
}

/** Section 9.1.2. All of the encoding is looked at before the answer. */
export function pssVerify(message: Uint8Array, encoded: Uint8Array, modulusBits: number): boolean {
  const { length, mask } = shapeOf(modulusBits)
  if (encoded.length !== length || length < HASH_BYTES + SALT_BYTES + 2) return false
  const block = encoded.slice(0, length - HASH_BYTES - 1)
  const hash = encoded.subarray(block.length, block.length + HASH_BYTES)
  let wrong = (encoded[length - 1] as number) ^ TRAILER
  wrong |= (block[0] as number) & ~mask
  xorInto(block, mgf1(hash, block.length))
  block[0] = (block[0] as number) & mask
  const salt = block.subarray(block.length - SALT_BYTES)
  const one = block.length - SALT_BYTES - 1
  for (let i = 0; i < one; i++) wrong |= block[i] as number
  wrong |= (block[one] as number) ^ 1
  const expected = sha384(concatBytes(PADDING1, sha384(message), salt))
  for (let i = 0; i < HASH_BYTES; i++) wrong |= (expected[i] as number) ^ (hash[i] as number)
  return wrong === 0
}
