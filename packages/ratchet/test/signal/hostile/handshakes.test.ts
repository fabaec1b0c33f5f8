/** Bundles and first messages that nobody honest made. */
import { fromHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { encodePrekeyMessage } from '../../../src/signal/prekey-message.js'
import {
  acceptSignalSession,
  createKyberPrekey,
  createPrekey,
  createSignedPrekey,
  decodePrekeyMessage,
  decryptSignalPrekey,
  encryptSignal,
  initiateSignalSession,
  type SignalBundle,
  verifySignalBundle,
} from '../../../src/signal.js'
import { torsioned } from '../../support.js'
import { accept, begin, codeOf, crypto, flipped, responder } from '../support.js'

const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
].map(fromHex)

const bob = responder()
const verdict = (bundle: SignalBundle): string | undefined =>
  codeOf(() => verifySignalBundle(crypto, bundle, bob.identity.publicKey))

describe('bundles', () => {
  it('hostile 14: a signature with any bit flipped is refused, on either prekey', () => {
    const { signedPrekey, kyberPrekey } = bob.bundle
    for (let bit = 0; bit < 512; bit += 7) {
      const one = { ...signedPrekey, signature: flipped(signedPrekey.signature, bit) }
      const two = { ...kyberPrekey, signature: flipped(kyberPrekey.signature, bit) }
      expect(verdict({ ...bob.bundle, signedPrekey: one })).toBe('ratchet/signal-bad-signature')
      expect(verdict({ ...bob.bundle, kyberPrekey: two })).toBe('ratchet/signal-bad-signature')
    }
    expect(verdict(bob.bundle)).toBe(undefined)
  })

  it('attack: a Kyber key or a signed prekey swapped under a valid signature is refused', () => {
    const mallory = responder()
    const { signedPrekey, kyberPrekey } = bob.bundle
    const kyber = { ...kyberPrekey, key: mallory.kyber.publicKey }
    const signed = { ...signedPrekey, key: mallory.signed.key.publicKey }
    expect(verdict({ ...bob.bundle, kyberPrekey: kyber })).toBe('ratchet/signal-bad-signature')
    expect(verdict({ ...bob.bundle, signedPrekey: signed })).toBe('ratchet/signal-bad-signature')
    expect(verdict({ ...bob.bundle, kyberPrekey: mallory.bundle.kyberPrekey })).toBe(
      'ratchet/signal-bad-signature',
    )
  })

  it('hostile 18, attack: a bundle of another identity than was asked for is refused, though all its signatures hold', () => {
    expect(verdict(responder().bundle)).toBe('ratchet/signal-wrong-identity')
  })

  it('hostile 18: keys swapped in the caller’s buffers between check and use change nothing', () => {
    const { signedPrekey, kyberPrekey, identityKey, prekey } = bob.bundle
    const bundle = {
      ...bob.bundle,
      identityKey: Uint8Array.from(identityKey),
      signedPrekey: { ...signedPrekey, key: Uint8Array.from(signedPrekey.key) },
      kyberPrekey: { ...kyberPrekey, key: Uint8Array.from(kyberPrekey.key) },
      prekey: { id: 3, key: Uint8Array.from(prekey?.key ?? []) },
    }
    const verified = verifySignalBundle(crypto, bundle, bob.identity.publicKey)
    for (const key of [
      bundle.identityKey,
      bundle.signedPrekey.key,
      bundle.kyberPrekey.key,
      bundle.prekey.key,
    ]) {
      key.set(crypto.x25519.generate().publicKey)
    }
    const alice = crypto.x25519.generate()
    const session = initiateSignalSession(crypto, { identity: alice, registrationId: 9, bundle: verified })
    const sent = encryptSignal(crypto, session, Uint8Array.of(1))
    expect(accept({ alice, bob, session }, sent.message).plaintext).toEqual(Uint8Array.of(1))
  })

  it('hostile 12, attack: small-order and non-canonical keys are refused in every slot', () => {
    const { signedPrekey } = bob.bundle
    const above = new Uint8Array(32).fill(0xff)
    for (const key of [...SMALL_ORDER, above]) {
      expect(verdict({ ...bob.bundle, prekey: { id: 3, key } })).toBe('ratchet/signal-bad-key')
      expect(verdict({ ...bob.bundle, signedPrekey: { ...signedPrekey, key } })).toBe(
        'ratchet/signal-bad-key',
      )
      const bundle = { ...bob.bundle, identityKey: key }
      expect(codeOf(() => verifySignalBundle(crypto, bundle, key))).toBe('ratchet/signal-bad-key')
    }
  })

  it('keys of other lengths and ids out of range are refused', () => {
    const { kyberPrekey } = bob.bundle
    const short = { ...kyberPrekey, key: kyberPrekey.key.subarray(1) }
    expect(verdict({ ...bob.bundle, kyberPrekey: short })).toBe('ratchet/signal-bad-key')
    expect(verdict({ ...bob.bundle, prekey: { id: 1, key: new Uint8Array(31) } })).toBe(
      'ratchet/signal-bad-key',
    )
    for (const id of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(verdict({ ...bob.bundle, registrationId: id })).toBe('ratchet/signal-bad-bundle')
      expect(codeOf(() => createPrekey(crypto, id))).toBe('ratchet/signal-bad-argument')
      expect(codeOf(() => createSignedPrekey(crypto, bob.identity, id))).toBe('ratchet/signal-bad-argument')
      expect(codeOf(() => createKyberPrekey(crypto, bob.identity, id))).toBe('ratchet/signal-bad-argument')
    }
  })
})

describe('first messages', () => {
  const begun = begin()
  const sent = encryptSignal(crypto, begun.session, Uint8Array.of(5))
  const content = decodePrekeyMessage(sent.message)
  const refused = (changes: Partial<typeof content>): string | undefined =>
    codeOf(() => accept(begun, encodePrekeyMessage({ ...content, ...changes })))

  it('open as they are, and again: whoever keeps the one-time prekey lets them be replayed', () => {
    expect(accept(begun, sent.message).plaintext).toEqual(Uint8Array.of(5))
    expect(accept(begun, sent.message).plaintext).toEqual(Uint8Array.of(5))
  })

  it('hostile 16, attack: replayed, are refused once the one-time prekey is gone', () => {
    const { identity, lookup } = begun.bob
    const prekeys = { ...lookup, prekey: () => undefined }
    const run = () =>
      acceptSignalSession(crypto, { identity, prekeys, message: sent.message, peer: begun.alice.publicKey })
    expect(codeOf(run)).toBe('ratchet/signal-unknown-prekey')
  })

  it('name prekeys that were never issued: refused', () => {
    expect(refused({ signedPrekeyId: 99 })).toBe('ratchet/signal-unknown-prekey')
    expect(refused({ kyberPrekeyId: 99 })).toBe('ratchet/signal-unknown-prekey')
    expect(refused({ prekeyId: 99 })).toBe('ratchet/signal-unknown-prekey')
  })

  it('hostile 19: are bound to both identities, the base key, the KEM and the one-time prekey', () => {
    const stranger = crypto.x25519.generate().publicKey
    const bad = 'ratchet/signal-bad-mac'
    expect(refused({ baseKey: stranger })).toBe(bad)
    expect(refused({ prekeyId: undefined })).toBe(bad)
    expect(refused({ kyberCiphertext: flipped(content.kyberCiphertext, 3) })).toBe(bad)
    expect(refused({ identityKey: stranger })).toBe('ratchet/signal-wrong-identity')
    const { identity, lookup: prekeys } = begun.bob
    const message = encodePrekeyMessage({ ...content, identityKey: stranger })
    const other = codeOf(() => acceptSignalSession(crypto, { identity, prekeys, message, peer: stranger }))
    expect(other).toBe(bad)
    const elsewhere = crypto.x25519.generate()
    const options = { identity: elsewhere, prekeys, message: sent.message, peer: begun.alice.publicKey }
    expect(codeOf(() => acceptSignalSession(crypto, options))).toBe(bad)
  })

  it('hostile 12, attack: refuse small-order identity and base keys', () => {
    for (const key of SMALL_ORDER) {
      expect(refused({ baseKey: key })).toBe('ratchet/signal-bad-key')
      expect(refused({ identityKey: key })).toBe('ratchet/signal-bad-key')
    }
  })

  it('hostile 16, attack: replayed under a torsioned base key, which gives the same secrets, is refused', () => {
    const twins = torsioned(content.baseKey)
    expect(twins.length).toBe(7)
    for (const baseKey of twins) {
      const { identity } = begun.bob
      expect(crypto.x25519.dh(identity, baseKey)).toEqual(crypto.x25519.dh(identity, content.baseKey))
      expect(refused({ baseKey })).toBe('ratchet/signal-bad-key')
    }
    // u = 2 is not on the curve, but on its twist.
    const twist = new Uint8Array(32).fill(2, 0, 1)
    expect(refused({ baseKey: twist })).toBe('ratchet/signal-bad-key')
    expect(accept(begun, sent.message).session.baseKey).toEqual(content.baseKey)
  })

  it('hostile 1: every prefix is refused with a typed error', () => {
    for (let end = 0; end < sent.message.length; end++) {
      expect(codeOf(() => accept(begun, sent.message.subarray(0, end)))).toMatch(/^ratchet\/signal-/)
    }
  })

  it('of another session are told apart from those of this one', () => {
    const { session } = accept(begun, sent.message)
    const second = encryptSignal(crypto, sent.session, Uint8Array.of(6))
    expect(decryptSignalPrekey(crypto, session, second.message).plaintext).toEqual(Uint8Array.of(6))
    const foreign = encryptSignal(crypto, begin().session, Uint8Array.of(7))
    const code = codeOf(() => decryptSignalPrekey(crypto, session, foreign.message))
    expect(code).toBe('ratchet/signal-other-session')
    const inner = decodePrekeyMessage(second.message)
    const stolen = encodePrekeyMessage({ ...inner, identityKey: crypto.x25519.generate().publicKey })
    expect(codeOf(() => decryptSignalPrekey(crypto, session, stolen))).toBe('ratchet/signal-wrong-identity')
  })
})
