/** Fuzz target: any text as what a genuine author has sealed and wrapped. */
import {
  conversationKey,
  encryptBytes44,
  generateNostrKey,
  KIND_GIFT_WRAP,
  KIND_SEAL,
  signEvent,
  unwrapGift,
} from '../src/index.js'
import { author, type FuzzTarget, keys, NOW, nostr, reader } from './support/target.js'

export const target: FuzzTarget = {
  name: 'rumor',
  run(input) {
    const seal = signEvent(nostr, author, {
      kind: KIND_SEAL,
      created_at: NOW,
      tags: [],
      content: encryptBytes44(nostr, keys.with(author, reader.publicKey), input),
    })
    const once = generateNostrKey(nostr)
    const text = new TextEncoder().encode(JSON.stringify(seal))
    const wrap = signEvent(nostr, once, {
      kind: KIND_GIFT_WRAP,
      created_at: NOW,
      tags: [['p', reader.publicKey]],
      content: encryptBytes44(nostr, conversationKey(nostr, once, reader.publicKey), text),
    })
    const opened = unwrapGift(nostr, { own: reader, keys }, wrap)
    if (opened?.rumor.pubkey !== author.publicKey) throw new Error('spoke as somebody else')
  },
}
