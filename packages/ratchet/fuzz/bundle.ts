/** Any bytes as a prekey bundle: refused with a typed error, or exactly one that was published. */
import { equalBytes } from '@hyphae/core'
import { decodePrekeyBundle, verifyPrekeyBundle } from '../src/index.js'
import { fuzzWorld } from './support/world.js'

const { crypto, bob, bundles } = fuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'bundle',
  run(input) {
    verifyPrekeyBundle(crypto, decodePrekeyBundle(input), bob.signing.publicKey)
    if (!bundles.some((bundle) => equalBytes(bundle, input))) throw new Error('a forged bundle verified')
  },
}
