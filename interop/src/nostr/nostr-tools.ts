/** nostr-tools: its NIP-59 functions and its own relay connection. */
import { finalizeEvent, generateSecretKey, getPublicKey, nip59, verifyEvent } from 'nostr-tools'
import { Relay, useWebSocketImplementation } from 'nostr-tools/relay'
import WebSocket from 'ws'
import { type Client, inbox, letterOf, rumorOf } from './client.js'

useWebSocketImplementation(WebSocket)

export async function nostrToolsClient(url: string): Promise<Client> {
  const secret = generateSecretKey()
  const publicKey = getPublicKey(secret)
  const relay = await Relay.connect(url)
  const letters = inbox()
  relay.subscribe([{ kinds: [1059], '#p': [publicKey] }], {
    onevent: (wrap) => {
      if (!verifyEvent(wrap)) throw new Error('nostr-tools cannot verify a wrap')
      letters.put(letterOf(nip59.unwrapEvent(wrap, secret)))
    },
  })
  // Signs once with its own code too, so that a key that cannot sign is noticed here.
  finalizeEvent({ kind: 1, created_at: 0, tags: [], content: '' }, secret)
  return {
    name: 'nostr-tools',
    publicKey,
    send: async (to, letter) => {
      await relay.publish(nip59.wrapEvent(rumorOf(to, letter), secret, to))
    },
    next: letters.next,
    close: async () => relay.close(),
  }
}
