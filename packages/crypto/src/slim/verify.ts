/**
 * Strict verification of Ed25519, spec/crypto.md rules V1 to V7, with the points of @noble/ed25519 for what
 * ed25519-strict.ts reads from tables.
 */
import { equalBytes } from '@hyphae/core'
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { KEY_LENGTH, SIGNATURE_LENGTH } from '../limits.js'
import { littleEndian } from '../noble/little-endian.js'

export function verifyStrict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    // V1, V3 and V5: throws unless these are 32 canonical bytes that name a point.
    const a = Point.fromBytes(publicKey)
    const r = signature.subarray(0, KEY_LENGTH)
    const s = littleEndian(signature.subarray(KEY_LENGTH))
    const { n } = Point.CURVE()
    // V1, V4 and V2.
    if (signature.length !== SIGNATURE_LENGTH || a.isSmallOrder() || s >= n) return false
    const k = littleEndian(sha512.create().update(r).update(publicKey).update(message).digest()) % n
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
  } catch {
    return false
  }
}
