/** Conversation keys, kept: the ECDH behind one costs more than everything else about a message. */

import type { NostrKey, PublicKeyHex } from './key.js'
import { MAX_CONVERSATION_KEYS } from './limits.js'
import { conversationKey } from './nip44.js'
import type { Nostr } from './nostr.js'

/** A live resource: holds secrets for as long as it is referenced. */
export interface ConversationKeys {
  /** @throws NostrError `nostr/bad-key`, `nostr/foreign-key` */
  with(own: NostrKey, peer: PublicKeyHex): Uint8Array
}

/** Keeps the latest MAX_CONVERSATION_KEYS. */
export function conversationKeys(nostr: Nostr): ConversationKeys {
  const known = new Map<string, Uint8Array>()
  return {
    with: (own, peer) => {
      const name = own.publicKey + peer
      const found = known.get(name) ?? conversationKey(nostr, own, peer)
      known.delete(name)
      known.set(name, found)
      if (known.size > MAX_CONVERSATION_KEYS) known.delete(known.keys().next().value as string)
      return found
    },
  }
}
