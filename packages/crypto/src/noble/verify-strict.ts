/**
 * Strict verification of Ed25519 over any noble point class. The libraries' own verify checks the cofactored
 * equation, which OpenSSL does not; so the cofactorless one is evaluated here with their points and compared as
 * encoded bytes, spec/crypto.md rule V6.
 */
import { equalBytes } from '@hyphae/core'
import { sha512 } from '@noble/hashes/sha2.js'
import { passesStrictChecks } from '../ed25519-strict.js'
import { KEY_LENGTH } from '../limits.js'

interface Point<P> {
  multiplyUnsafe(scalar: bigint): P
  subtract(other: P): P
  toBytes(): Uint8Array
}

/** What `@noble/curves` and `@noble/ed25519` both offer. */
interface PointClass<P extends Point<P>> {
  readonly BASE: P
  /** Throws unless the bytes are canonical and name a point. */
  fromBytes(bytes: Uint8Array): P
}

export interface StrictCurve<P extends Point<P>> {
  readonly Point: PointClass<P>
  /** L, the order of the base point. */
  readonly order: bigint
}

/** [S]B − [k]A, encoded; k = SHA-512(R ‖ A ‖ M) mod L. Throws when A does not decode to a point. */
function recomputeR<P extends Point<P>>(
  { Point, order }: StrictCurve<P>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  const a = Point.fromBytes(publicKey)
  const digest = sha512.create().update(signature.subarray(0, KEY_LENGTH)).update(publicKey).update(message)
  const k = littleEndian(digest.digest()) % order
  const s = littleEndian(signature.subarray(KEY_LENGTH))
  return Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes()
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

export function verifyStrict<P extends Point<P>>(
  curve: StrictCurve<P>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!passesStrictChecks(publicKey, signature)) return false
  try {
    return equalBytes(recomputeR(curve, publicKey, message, signature), signature.subarray(0, KEY_LENGTH))
  } catch {
    // Half of all strings that pass the checks name no point.
    return false
  }
}
