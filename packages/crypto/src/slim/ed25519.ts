/** Ed25519 over @noble/ed25519, a quarter of the size of @noble/curves (RFC 8032). */
import { getPublicKey, hashes, sign } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { ed25519Over } from '../noble/ed25519-over.js'
import type { Ed25519 } from '../provider.js'
import type { Rng } from '../random.js'
import { verifyStrict } from './verify.js'

export function slimEd25519(rng: Rng): Ed25519 {
  // The library brings no hash and has one place for it, which every user of it sets to the same function.
  hashes.sha512 = (message) => sha512(message)
  return ed25519Over(
    {
      getPublicKey: (seed) => getPublicKey(seed),
      sign: (message, seed) => sign(message, seed),
      verify: verifyStrict,
    },
    rng,
  )
}
