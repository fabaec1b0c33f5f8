/**
 * Any bytes as a first message: refused with a typed error, or the message that was sent. Numbers that no key depends
 * on and unknown fields may differ, since nothing covers them; what it makes may not.
 */
import { equalBytes } from '@hyphae/core'
import { acceptSignalSession, decodePrekeyMessage, decryptSignalPrekey } from '../src/signal.js'
import { signalFuzzWorld } from './support/signal-world.js'

const { crypto, alice, bob, prekeys, firstMessage } = signalFuzzWorld()
const honest = decodePrekeyMessage(firstMessage)
const accept = (message: Uint8Array) =>
  acceptSignalSession(crypto, { identity: bob, prekeys, message, peer: alice.publicKey })
const { session } = accept(firstMessage)

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'signal-first-message',
  run(input) {
    const { used, plaintext, session: made } = accept(input)
    const same =
      equalBytes(used.message, honest.message) &&
      equalBytes(used.kyberCiphertext, honest.kyberCiphertext) &&
      equalBytes(made.baseKey, honest.baseKey) &&
      equalBytes(plaintext, Uint8Array.of(1, 2, 3))
    if (!same) throw new Error('a forged first message was accepted')
    try {
      decryptSignalPrekey(crypto, session, input)
    } catch {
      return
    }
    throw new Error('a message was opened twice')
  },
}
