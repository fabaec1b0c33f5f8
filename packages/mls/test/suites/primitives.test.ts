// The primitives of the suites that are brought along: X-Wing against noble, HPKE and ECDSA against their other ends.
import { toHex } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'
import { describe, expect, it } from 'vitest'
import { suiteOf } from '../../src/provider.js'
import { xwing } from '../../src/suites/xwing.js'
import { p256Suite, p384Suite, xwingSuite } from '../../src/suites.js'
import { codeOf, noble, text } from '../helpers.js'

const PROVIDERS: readonly CryptoProvider[] = [defaultCrypto, noble]
const SUITES = [p256Suite, p384Suite, xwingSuite]
const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

describe.each(PROVIDERS)('X-Wing on $name', (crypto) => {
  const kem = xwing(crypto)

  it('makes the key that noble makes from the same seed', () => {
    for (const byte of [0, 1, 0x7f, 0xff]) {
      const { publicKey } = ml_kem768_x25519.keygen(seedOf(byte))
      expect(toHex(kem.publicOf(seedOf(byte)))).toBe(toHex(publicKey))
    }
  })

  it('opens what noble encapsulates, and noble opens what it encapsulates', () => {
    const { publicKey, secretKey } = ml_kem768_x25519.keygen(seedOf(7))
    const theirs = ml_kem768_x25519.encapsulate(publicKey)
    expect(kem.decapsulate(seedOf(7), theirs.cipherText)).toEqual(theirs.sharedSecret)
    const ours = kem.encapsulate(publicKey)
    expect(ml_kem768_x25519.decapsulate(ours.kemOutput, secretKey)).toEqual(ours.shared)
  })

  it('hostile 12: neither part may be a key that no honest device makes', async () => {
    const key = kem.publicOf(seedOf(3))
    const weak = Uint8Array.from([...key.subarray(0, -32), ...new Uint8Array(32)])
    const large = key.slice().fill(0xff, 0, 3)
    for (const bad of [weak, large, key.slice(1), new Uint8Array()]) {
      expect(kem.isPublicKey(bad)).toBe(false)
      expect(await codeOf(() => kem.encapsulate(bad))).toBe('mls/undecryptable')
    }
    const { kemOutput } = kem.encapsulate(key)
    expect(kem.decapsulate(seedOf(3), kemOutput.slice(1))).toBeNull()
    const zero = Uint8Array.from([...kemOutput.subarray(0, -32), ...new Uint8Array(32)])
    expect(kem.decapsulate(seedOf(3), zero)).toBeNull()
  })
})

describe.each(PROVIDERS)('suites on $name', (crypto) => {
  it.each(SUITES)('$id: seals, exports and signs for the other provider', (maker) => {
    const other = crypto === noble ? defaultCrypto : noble
    const [ours, theirs] = [suiteOf(crypto, maker.id, [maker]).sync, suiteOf(other, maker.id, [maker]).sync]
    const pair = theirs.generateKemPair()
    expect(ours.kemPublicOf(pair.privateKey)).toEqual(pair.publicKey)
    const sealed = ours.sealTo(pair.publicKey, text('info'), text('secret'))
    expect(theirs.openWith(pair.privateKey, text('info'), sealed)).toEqual(text('secret'))
    const sent = ours.sendExport(pair.publicKey, text('context'), 64)
    expect(theirs.receiveExport(pair.privateKey, sent.kemOutput, text('context'), 64)).toEqual(sent.secret)
    const signing = ours.generateSigning()
    const publicKey = ours.signingPublicOf(signing)
    const signature = ours.sign(signing, text('message'))
    expect(theirs.verify(publicKey, text('message'), signature)).toBe(true)
    expect(theirs.verify(publicKey, text('another'), signature)).toBe(false)
    expect(ours.deriveKemPair(text('ikm'))).toEqual(theirs.deriveKemPair(text('ikm')))
  })

  it.each(SUITES)(
    '$id: nothing but an honest key, one signature form, and nothing for another',
    async (maker) => {
      const { sync } = suiteOf(crypto, maker.id, [maker])
      const [pair, stranger] = [sync.generateKemPair(), sync.generateKemPair()]
      const sealed = sync.sealTo(pair.publicKey, text(''), text('secret'))
      const bad = [
        () => sync.openWith(stranger.privateKey, text(''), sealed),
        () => sync.openWith(pair.privateKey, text('other'), sealed),
        () => sync.openWith(pair.privateKey, text(''), { ...sealed, kemOutput: new Uint8Array(3) }),
        () => sync.sealTo(new Uint8Array(pair.publicKey.length), text(''), text('')),
      ]
      for (const run of bad) expect(await codeOf(run)).toBe('mls/undecryptable')
      const signing = sync.generateSigning()
      const publicKey = sync.signingPublicOf(signing)
      const signature = sync.sign(signing, text('message'))
      for (const wrong of [
        new Uint8Array(),
        signature.slice(1),
        Uint8Array.of(...signature, 0),
        new Uint8Array(500),
      ])
        expect(sync.verify(publicKey, text('message'), wrong)).toBe(false)
      expect(sync.verify(publicKey.slice(1), text('message'), signature)).toBe(false)
      expect(sync.isSigningKey(new Uint8Array(publicKey.length))).toBe(false)
      expect(sync.isKemKey(pair.publicKey)).toBe(true)
    },
  )
})

describe('an ECDSA signature', () => {
  it.each([p256Suite, p384Suite])('of suite $id has one encoding', (maker) => {
    const { sync } = suiteOf(noble, maker.id, [maker])
    const key = sync.generateSigning()
    const [publicKey, message] = [sync.signingPublicOf(key), text('message')]
    const good = sync.sign(key, message)
    const length = good[1] as number
    const body = good.subarray(2)
    const rLength = body[1] as number
    const [r, rest] = [body.subarray(2, 2 + rLength), body.subarray(2 + rLength)]
    const padded = Uint8Array.of(2, rLength + 1, 0, ...r, ...rest)
    expect(sync.verify(publicKey, message, good)).toBe(true)
    for (const wrong of [
      Uint8Array.of(0x30, 0x81, length, ...body),
      Uint8Array.of(0x30, padded.length, ...padded),
      Uint8Array.of(0x30, length + 1, ...body, 0),
      Uint8Array.of(0x31, length, ...body),
    ])
      expect(sync.verify(publicKey, message, wrong), `${wrong[0]}`).toBe(false)
  })
})
