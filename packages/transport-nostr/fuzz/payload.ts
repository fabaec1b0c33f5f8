/** Fuzz target: any text as a NIP-44 payload, then any bytes as what was authentically encrypted. */
import { conversationKey, decrypt44, decryptBytes44, encryptBytes44 } from '../src/index.js'
import { author, type FuzzTarget, nostr, reader } from './support/target.js'

const key = conversationKey(nostr, reader, author.publicKey)

export const target: FuzzTarget = {
  name: 'payload',
  run(input) {
    const back = decryptBytes44(nostr, key, encryptBytes44(nostr, key, input))
    if (back.length !== input.length) throw new Error('padding was taken for text')
    decrypt44(nostr, key, new TextDecoder().decode(input))
  },
}
