/** Any bytes as a suite 2 bundle: refused with a typed error, or exactly one that was published. */
import { equalBytes } from '@hyphae/core'
import { decodePrekeyBundle, verifyPrekeyBundle } from '../src/index.js'
import { pqFuzzWorld } from './support/pq-world.js'

const { crypto, bob, bundles } = pqFuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'pq-bundle',
  run(input) {
    verifyPrekeyBundle(crypto, decodePrekeyBundle(input), bob.signing.publicKey)
    if (!bundles.some((bundle) => equalBytes(bundle, input))) throw new Error('a forged bundle verified')
  },
}
