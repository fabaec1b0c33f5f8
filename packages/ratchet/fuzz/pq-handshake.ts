/** Any bytes as a suite 2 handshake: refused with a typed error, or exactly the one that was sent. */
import { equalBytes } from '@hyphae/core'
import { acceptSession } from '../src/index.js'
import { pqFuzzWorld } from './support/pq-world.js'

const { crypto, bob, prekeys, alice, handshake } = pqFuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'pq-handshake',
  run(input) {
    acceptSession(crypto, { keys: bob, prekeys, handshake: input, peer: alice, now: 1 })
    if (!equalBytes(input, handshake)) throw new Error('a forged handshake was accepted')
  },
}
