/** Ed25519 over @noble/curves. */
import { ed25519 } from '@noble/curves/ed25519.js'
import type { Ed25519 } from '../provider.js'
import type { Rng } from '../random.js'
import { ed25519Over } from './ed25519-over.js'
import { verifyStrict } from './verify-strict.js'

export function nobleEd25519(rng: Rng): Ed25519 {
  const { Point } = ed25519
  const curve = { Point, order: Point.Fn.ORDER }
  return ed25519Over(
    {
      getPublicKey: (seed) => ed25519.getPublicKey(seed),
      sign: (message, seed) => ed25519.sign(message, seed),
      verify: (publicKey, message, signature) => verifyStrict(curve, publicKey, message, signature),
    },
    rng,
  )
}
