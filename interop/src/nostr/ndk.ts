/** NDK: its signer, gift wraps and pool. */
import NDK, { giftUnwrap, giftWrap, NDKEvent, NDKPrivateKeySigner, NDKRelaySet } from '@nostr-dev-kit/ndk'
import WebSocket from 'ws'
import { type Client, inbox, letterOf, rumorOf } from './client.js'

Object.assign(globalThis, { WebSocket: globalThis.WebSocket ?? WebSocket })

export async function ndkClient(url: string): Promise<Client> {
  const signer = NDKPrivateKeySigner.generate()
  const ndk = new NDK({ explicitRelayUrls: [url], signer })
  await ndk.connect(5_000)
  const own = await signer.user()
  const relays = NDKRelaySet.fromRelayUrls([url], ndk)
  const letters = inbox()
  const subscription = ndk.subscribe(
    { kinds: [1059], '#p': [own.pubkey] },
    { closeOnEose: false, relaySet: relays },
  )
  subscription.on('event', async (wrap: NDKEvent) => {
    letters.put(letterOf(await giftUnwrap(wrap, undefined, signer)))
  })
  return {
    name: 'ndk',
    publicKey: own.pubkey,
    send: async (to, letter) => {
      const rumor = new NDKEvent(ndk, {
        ...rumorOf(to, letter),
        pubkey: own.pubkey,
        created_at: Math.floor(Date.now() / 1000),
      })
      const wrap = await giftWrap(rumor, ndk.getUser({ pubkey: to }), signer)
      await wrap.publish(relays)
    },
    next: letters.next,
    close: async () => {
      subscription.stop()
      for (const relay of ndk.pool.relays.values()) relay.disconnect()
    },
  }
}
