/**
 * Ed25519 over @noble/curves, RFC 8032. noble's own verify checks the cofactored equation in both of its
 * modes, which OpenSSL does not; so the cofactorless one is evaluated here with noble's points and compared
 * as encoded bytes, spec/crypto.md rule V6.
 */

import { equalBytes } from '@hyphae/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { passesStrictChecks } from '../ed25519-strict.js'
import { KEY_LENGTH } from '../limits.js'
import type { Ed25519 } from '../provider.js'
import type { Rng } from '../random.js'
import { ed25519Over } from './ed25519-over.js'
import { littleEndian } from './little-endian.js'

/** [S]B − [k]A, encoded; k = SHA-512(R ‖ A ‖ M) mod L. Throws when A does not decode to a point. */
function recomputeR(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Uint8Array {
  const { Point } = ed25519
  const a = Point.fromBytes(publicKey)
  const digest = sha512.create().update(signature.subarray(0, KEY_LENGTH)).update(publicKey).update(message)
  const k = Point.Fn.create(littleEndian(digest.digest()))
  const s = littleEndian(signature.subarray(KEY_LENGTH))
  return Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes()
}

function verifyStrict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!passesStrictChecks(publicKey, signature)) return false
  try {
    return equalBytes(recomputeR(publicKey, message, signature), signature.subarray(0, KEY_LENGTH))
  } catch {
    // Half of all strings that pass the checks name no point.
    return false
  }
}

export function nobleEd25519(rng: Rng): Ed25519 {
  return ed25519Over(
    {
      getPublicKey: (seed) => ed25519.getPublicKey(seed),
      sign: (message, seed) => ed25519.sign(message, seed),
      verify: verifyStrict,
    },
    rng,
  )
}
