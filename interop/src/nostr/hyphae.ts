/** Ours: the pool, gift wraps and private messages of `@hyphae/transport-nostr`. */
import { fromHex, silentLogger, systemClock, toHex } from '../../../packages/core/dist/index.js'
import { defaultCrypto } from '../../../packages/crypto/dist/index.node.js'
import {
  conversationKeys,
  createNostr,
  fileTemplate,
  generateNostrKey,
  giftWrap,
  KIND_GIFT_WRAP,
  makeRumor,
  nostrPool,
  readPrivateMessage,
  textTemplate,
  unwrapGift,
} from '../../../packages/transport-nostr/dist/index.node.js'
import { type Client, inbox, type Letter } from './client.js'

const nostr = createNostr(defaultCrypto)

function seconds(): number {
  return Math.floor(systemClock.now() / 1000)
}

export async function hyphaeClient(url: string): Promise<Client> {
  const own = generateNostrKey(nostr)
  const keys = conversationKeys(nostr)
  const pool = nostrPool([url], { clock: systemClock, logger: silentLogger }, { auth: own })
  const letters = inbox()
  const ending = new AbortController()
  const reading = (async () => {
    const filter = { kinds: [KIND_GIFT_WRAP], tags: { p: [own.publicKey] } }
    for await (const wraps of pool.watch(filter, { signal: ending.signal })) {
      for (const wrap of wraps) {
        const opened = unwrapGift(nostr, { own, keys }, wrap)
        const message = opened && readPrivateMessage(opened.rumor)
        if (message?.kind === 'text') letters.put({ kind: 'text', from: message.author, text: message.text })
        if (message?.kind === 'file') {
          const { url, mediaType, key, nonce, hash } = message.file
          const file = { url, mediaType, key: toHex(key), nonce: toHex(nonce), hash: toHex(hash) }
          letters.put({ kind: 'file', from: message.author, file })
        }
      }
    }
  })()
  const template = (to: string, letter: Letter) => {
    const addressed = { recipients: [to], now: seconds() }
    if (letter.kind === 'text') return textTemplate(letter.text, addressed)
    const { url, mediaType, key, nonce, hash } = letter.file
    const file = { url, mediaType, key: fromHex(key), nonce: fromHex(nonce), hash: fromHex(hash) }
    return fileTemplate(file, addressed)
  }
  return {
    name: 'hyphae',
    publicKey: own.publicKey,
    send: (to, letter) => {
      const rumor = makeRumor(nostr, own.publicKey, template(to, letter))
      return pool.publish(giftWrap(nostr, { author: own, recipient: to, rumor, now: seconds(), keys }))
    },
    next: letters.next,
    close: async () => {
      ending.abort()
      await reading
      await pool.close()
    },
  }
}
