/** Ed25519 over @noble/ed25519, a quarter of the size of @noble/curves (RFC 8032). */
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { ed25519Over } from '../noble/ed25519-over.js'
import { verifyStrict } from '../noble/verify-strict.js'
import type { Ed25519 } from '../provider.js'
import type { Rng } from '../random.js'

export function slimEd25519(rng: Rng): Ed25519 {
  // The library brings no hash and has one place for it, which every user of it sets to the same function.
  hashes.sha512 = (message) => sha512(message)
  const curve = { Point, order: Point.CURVE().n }
  return ed25519Over(
    {
      getPublicKey: (seed) => getPublicKey(seed),
      sign: (message, seed) => sign(message, seed),
      verify: (publicKey, message, signature) => verifyStrict(curve, publicKey, message, signature),
    },
    rng,
  )
}
