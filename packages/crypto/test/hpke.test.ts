/** Our HPKE against another implementation of RFC 9180, both ways. */

import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { utf8 } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  hpkeDeriveKeyPair,
  hpkeOpen,
  hpkeReceiveExport,
  hpkeSeal,
  hpkeSealAll,
  hpkeSendExport,
  type X25519PrivateKey,
} from '../src/index.js'
import { codeOf, PROVIDERS } from './providers.js'

const INFO = utf8('application')
const AAD = utf8('associated')
const PLAINTEXT = utf8('the plaintext')
const EXPORT = { info: INFO, exporterContext: utf8('external init'), length: 48 }

const SUITES = [
  ['aes128Gcm', () => new Aes128Gcm()],
  ['aes256Gcm', () => new Aes256Gcm()],
] as const

/** The exact array buffers that WebCrypto wants. */
const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

describe.each(PROVIDERS)('%s', (_, crypto) => {
  const peerOf = (make: () => Aes128Gcm | Aes256Gcm): CipherSuite =>
    new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: make() })
  const peerKey = (suite: CipherSuite, key: X25519PrivateKey): Promise<CryptoKey> =>
    suite.kem.importKey('raw', exact(crypto.x25519.exportPrivateKey(key)), false)

  it.each(SUITES)('opens what the peer sealed, %s', async (aead, make) => {
    const suite = peerOf(make)
    const key = crypto.x25519.generate()
    const sender = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.deserializePublicKey(exact(key.publicKey)),
      info: exact(INFO),
    })
    const ciphertext = new Uint8Array(await sender.seal(exact(PLAINTEXT), exact(AAD)))
    const enc = new Uint8Array(sender.enc)
    const opened = hpkeOpen(crypto, { recipient: key, enc, info: INFO, aad: AAD, ciphertext, aead })
    expect(opened).toEqual(PLAINTEXT)

    const exported = await sender.export(exact(EXPORT.exporterContext), EXPORT.length)
    expect(hpkeReceiveExport(crypto, { recipient: key, enc, aead, ...EXPORT })).toEqual(
      new Uint8Array(exported),
    )
  })

  it('seals to many under one info as to each alone', () => {
    const keys = [crypto.x25519.generate(), crypto.x25519.generate()]
    const recipients = keys.map(({ publicKey }, i) => ({ recipient: publicKey, plaintext: utf8(`for ${i}`) }))
    const aad = new Uint8Array()
    for (const aead of ['aes128Gcm', 'chacha20Poly1305'] as const) {
      const sealed = hpkeSealAll(crypto, recipients, INFO, aead)
      for (const [i, { enc, ciphertext }] of sealed.entries()) {
        const [mine, other] = [keys[i], keys[1 - i]] as [X25519PrivateKey, X25519PrivateKey]
        const open = (recipient: X25519PrivateKey, info: Uint8Array) =>
          hpkeOpen(crypto, { recipient, enc, info, aad, ciphertext, aead })
        expect(open(mine, INFO)).toEqual(utf8(`for ${i}`))
        expect(open(other, INFO)).toBeNull()
        expect(open(mine, AAD)).toBeNull()
      }
    }
  })

  it.each(SUITES)('seals what the peer opens, %s', async (aead, make) => {
    const suite = peerOf(make)
    const key = crypto.x25519.generate()
    const recipient = key.publicKey
    const sealed = hpkeSeal(crypto, { recipient, info: INFO, aad: AAD, plaintext: PLAINTEXT, aead })
    const open = async (enc: Uint8Array) =>
      suite.createRecipientContext({
        recipientKey: await peerKey(suite, key),
        enc: exact(enc),
        info: exact(INFO),
      })
    const receiver = await open(sealed.enc)
    expect(new Uint8Array(await receiver.open(exact(sealed.ciphertext), exact(AAD)))).toEqual(PLAINTEXT)

    const { enc, secret } = hpkeSendExport(crypto, { recipient, aead, ...EXPORT })
    const exported = await (await open(enc)).export(exact(EXPORT.exporterContext), EXPORT.length)
    expect(new Uint8Array(exported)).toEqual(secret)
  })

  it('derives the same key pair as the peer', async () => {
    const suite = peerOf(() => new Aes128Gcm())
    const ikm = crypto.randomBytes(32)
    const { publicKey } = await suite.kem.deriveKeyPair(exact(ikm))
    const serialized = new Uint8Array(await suite.kem.serializePublicKey(publicKey))
    expect(hpkeDeriveKeyPair(crypto, ikm).publicKey).toEqual(serialized)
  })

  it('defaults to ChaCha20-Poly1305 and to nothing else', () => {
    const recipient = crypto.x25519.generate()
    const to = { recipient: recipient.publicKey, info: INFO, aad: AAD, plaintext: PLAINTEXT }
    const sealed = hpkeSeal(crypto, to)
    const from = { recipient, info: INFO, aad: AAD, ...sealed }
    expect(hpkeOpen(crypto, { ...from, aead: 'chacha20Poly1305' })).toEqual(PLAINTEXT)
    expect(hpkeOpen(crypto, { ...from, aead: 'aes256Gcm' })).toBeNull()
  })

  it('encapsulates afresh each time', () => {
    const { publicKey: recipient } = crypto.x25519.generate()
    const options = { recipient, info: INFO, aad: AAD, plaintext: PLAINTEXT }
    expect(hpkeSeal(crypto, options).enc).not.toEqual(hpkeSeal(crypto, options).enc)
  })

  it('hostile 12: refuses to seal to a low-order key, and opens nothing that came from one', () => {
    const zero = new Uint8Array(32)
    const options = { recipient: zero, info: INFO, aad: AAD, plaintext: PLAINTEXT }
    expect(codeOf(() => hpkeSeal(crypto, options))).toBe('crypto/low-order-key')
    expect(codeOf(() => hpkeSendExport(crypto, { recipient: zero, ...EXPORT }))).toBe('crypto/low-order-key')
    const recipient = crypto.x25519.generate()
    expect(hpkeReceiveExport(crypto, { recipient, enc: zero, ...EXPORT })).toBeNull()
    const ciphertext = new Uint8Array(40)
    expect(hpkeOpen(crypto, { recipient, enc: zero, info: INFO, aad: AAD, ciphertext })).toBeNull()
  })

  it('hostile 51: answers every kind of damage alike', () => {
    const recipient = crypto.x25519.generate()
    const to = { recipient: recipient.publicKey, info: INFO, aad: AAD, plaintext: PLAINTEXT }
    const good = { recipient, info: INFO, aad: AAD, ...hpkeSeal(crypto, to) }
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
    const damaged = [
      { ...good, recipient: crypto.x25519.generate() },
      { ...good, info: flip(INFO) },
      { ...good, aad: flip(AAD) },
      { ...good, enc: flip(good.enc) },
      { ...good, enc: good.enc.subarray(1) },
      { ...good, enc: new Uint8Array(0) },
      { ...good, ciphertext: flip(good.ciphertext) },
      { ...good, ciphertext: good.ciphertext.subarray(1) },
      { ...good, ciphertext: new Uint8Array(15) },
      { ...good, ciphertext: new Uint8Array(0) },
    ]
    for (const options of damaged) expect(hpkeOpen(crypto, options)).toBeNull()
    expect(hpkeOpen(crypto, good)).toEqual(PLAINTEXT)
  })
})
