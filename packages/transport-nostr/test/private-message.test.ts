import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  fileTemplate,
  giftWrap,
  makeRumor,
  openFile,
  type Rumor,
  readPrivateMessage,
  sealFile,
  textTemplate,
  unwrapGift,
} from '../src/portable.js'
import { keyOf, keys, nostr } from './support/keys.js'

const [ada, ben, cem] = [keyOf(1), keyOf(2), keyOf(3)]
const to = { recipients: [ben.publicKey, cem.publicKey], now: 1_800_000_000, subject: 'the garden' }
const picture = crypto.randomBytes(5000)
const { sealed, ...secrets } = sealFile(crypto, picture)
const file = { url: 'https://files.example/1', mediaType: 'image/png', ...secrets }
const fileRumor = (): Rumor => makeRumor(nostr, ada.publicKey, fileTemplate(file, to))

function without(name: string): Rumor {
  const rumor = fileRumor()
  return { ...rumor, tags: rumor.tags.filter((tag) => tag[0] !== name) }
}

describe('private messages', () => {
  it('say a text to several, each with a wrap of its own', () => {
    const rumor = makeRumor(
      nostr,
      ada.publicKey,
      textTemplate('come over', { ...to, replyTo: 'a'.repeat(64) }),
    )
    for (const own of [ben, cem, ada]) {
      const wrap = giftWrap(nostr, { author: ada, recipient: own.publicKey, rumor, now: to.now, keys })
      expect(readPrivateMessage(unwrapGift(nostr, { own, keys }, wrap)?.rumor as Rumor)).toEqual({
        kind: 'text',
        text: 'come over',
        author: ada.publicKey,
        sentAt: to.now,
        id: rumor.id,
        recipients: to.recipients,
        subject: 'the garden',
        replyTo: 'a'.repeat(64),
      })
    }
  })

  it('describe a file that only its readers can open', () => {
    const read = readPrivateMessage(fileRumor())
    expect(read).toMatchObject({ kind: 'file', file })
    expect(openFile(crypto, file, sealed)).toEqual(picture)
  })

  it('hostile 47: a file that is not the one described is not opened', () => {
    const cut = sealed.subarray(0, -1)
    const other = sealFile(crypto, picture).sealed
    const altered = sealed.map((byte, i) => (i === 9 ? byte ^ 1 : byte))
    for (const wrong of [cut, other, altered, new Uint8Array()])
      expect(() => openFile(crypto, file, wrong)).toThrow(
        expect.objectContaining({ code: 'nostr/bad-payload' }),
      )
  })

  it.each(['encryption-algorithm', 'decryption-key', 'decryption-nonce', 'x'])(
    'refuse a file without %s',
    (name) => {
      expect(() => readPrivateMessage(without(name))).toThrow(
        expect.objectContaining({ code: 'nostr/bad-event' }),
      )
    },
  )

  it('leave rumors of other kinds to others', () => {
    expect(readPrivateMessage({ ...fileRumor(), kind: 7 })).toBeNull()
  })
})
