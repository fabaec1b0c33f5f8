/** Any bytes as a handshake: refused with a typed error and nothing consumed, or exactly the one that was sent. */
import { equalBytes } from '@hyphae/core'
import { acceptSession } from '../src/index.js'
import { fuzzWorld } from './support/world.js'

const { crypto, bob, prekeys, alice, handshake } = fuzzWorld()

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'handshake',
  run(input) {
    acceptSession(crypto, { keys: bob, prekeys, handshake: input, peer: alice, now: 1 })
    if (!equalBytes(input, handshake)) throw new Error('a forged handshake was accepted')
  },
}
