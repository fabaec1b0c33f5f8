import { concatBytes } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  decodePrekeyBundle,
  devicePublicKeys,
  encodeSession,
  initiateSession,
  MAX_CONTEXT_BYTES,
  rotateSignedPrekey,
  verifyAgreementKey,
  verifyPrekeyBundle,
} from '../src/index.js'
import { codeOf, crypto, device, NOW, type Pair, publish, talk, verified } from './support.js'

describe('handshake', () => {
  it('gives both sides the same id, secrets and mirrored roles', () => {
    const alice = device()
    const published = publish(device())
    const begun = initiateSession(crypto, { keys: alice.keys, bundle: verified(published), now: NOW })
    const { keys } = published.owner
    const { handshake } = begun
    const { prekeys } = published
    const accepted = acceptSession(crypto, { keys, prekeys, handshake, peer: alice.peer, now: NOW + 5 })
    const { session } = accepted
    expect(session.id).toEqual(begun.session.id)
    expect(session.id.length).toBe(16)
    expect(session.mailboxSecret).toEqual(begun.session.mailboxSecret)
    expect(session.mailboxSecret.length).toBe(32)
    expect([begun.session.role, session.role]).toEqual(['initiator', 'responder'])
    expect(begun.session.peer).toEqual(published.owner.peer)
    expect(session.peer).toEqual(alice.peer)
    expect([begun.session.createdAt, session.createdAt]).toEqual([NOW, NOW + 5])
    expect([begun.usedOneTime, accepted.usedOneTime]).toEqual([true, true])
    expect(accepted.initialKey).toEqual(handshake.slice(12, 44))
    expect(accepted.prekeys.oneTime.length).toBe(0)
    expect(published.prekeys.oneTime.length).toBe(1)
  })

  it('works from a last-resort bundle, and says so on both sides', () => {
    const alice = device()
    const published = publish(device())
    const bundle = verified(published, published.lastResort)
    const begun = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW })
    const accepted = acceptSession(crypto, {
      keys: published.owner.keys,
      prekeys: published.prekeys,
      handshake: begun.handshake,
      peer: alice.peer,
      now: NOW,
    })
    expect([begun.usedOneTime, accepted.usedOneTime]).toEqual([false, false])
    expect(accepted.prekeys.oneTime.length).toBe(1)
    const pair: Pair = { alice: begun.session, bob: accepted.session }
    expect(talk(pair, 'alice', 'hello')).toBe('hello')
  })

  it('lets the responder speak first', () => {
    const alice = device()
    const published = publish(device())
    const begun = initiateSession(crypto, { keys: alice.keys, bundle: verified(published), now: NOW })
    const bob = acceptSession(crypto, {
      keys: published.owner.keys,
      prekeys: published.prekeys,
      handshake: begun.handshake,
      peer: alice.peer,
      now: NOW,
    })
    const pair: Pair = { alice: begun.session, bob: bob.session }
    expect(talk(pair, 'bob', 'got you')).toBe('got you')
    expect(talk(pair, 'alice', 'good')).toBe('good')
  })

  it('carries application data, which must be what was sent', () => {
    const alice = device()
    const published = publish(device())
    const context = new Uint8Array(MAX_CONTEXT_BYTES).fill(7)
    const bundle = verified(published)
    const begun = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW, context })
    expect(begun.handshake.length).toBe(112 + MAX_CONTEXT_BYTES)
    const accept = (handshake: Uint8Array): Uint8Array =>
      acceptSession(crypto, {
        keys: published.owner.keys,
        prekeys: published.prekeys,
        handshake,
        peer: alice.peer,
        now: NOW,
      }).context
    expect(accept(begun.handshake)).toEqual(context)
    const changed = Uint8Array.from(begun.handshake)
    changed[100] = 8
    expect(codeOf(() => accept(changed))).toBe('ratchet/handshake-rejected')
    const long = new Uint8Array(MAX_CONTEXT_BYTES + 1)
    expect(codeOf(() => initiateSession(crypto, { keys: alice.keys, bundle, now: NOW, context: long }))).toBe(
      'ratchet/too-long',
    )
  })

  it('accepts what was made from either of the two bundles before the current one, and no older', () => {
    const alice = device()
    const published = publish(device())
    const { keys } = published.owner
    const begun = initiateSession(crypto, { keys: alice.keys, bundle: verified(published), now: NOW })
    let { prekeys } = published
    const accept = (): boolean => {
      const { handshake } = begun
      return acceptSession(crypto, { keys, prekeys, handshake, peer: alice.peer, now: NOW }).usedOneTime
    }
    for (let rotation = 0; rotation < 3; rotation++) {
      expect(accept()).toBe(true)
      prekeys = rotateSignedPrekey(crypto, keys, prekeys, { now: NOW + rotation })
    }
    expect(codeOf(accept)).toBe('ratchet/prekey-expired')
  })

  it('is refused between a device and itself', () => {
    const published = publish(device())
    const { keys } = published.owner
    const bundle = verified(published)
    expect(codeOf(() => initiateSession(crypto, { keys, bundle, now: NOW }))).toBe('ratchet/own-identity')
  })

  it('does not share memory with its input', () => {
    const alice = device()
    const published = publish(device())
    const bytes = Uint8Array.from(published.bundles[0] as Uint8Array)
    const bundle = verified(published, bytes)
    const begun = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW })
    const handshake = Uint8Array.from(begun.handshake)
    const { keys } = published.owner
    const { prekeys } = published
    const peer = { signing: alice.peer.signing.slice(), agreement: alice.peer.agreement.slice() }
    const accepted = acceptSession(crypto, { keys, prekeys, handshake, peer, now: NOW })
    const before = [encodeSession(begun.session), encodeSession(accepted.session)]
    for (const input of [bytes, handshake, peer.signing, peer.agreement]) input.fill(0)
    expect([encodeSession(begun.session), encodeSession(accepted.session)]).toEqual(before)
  })
})

describe('device keys', () => {
  it('sign the agreement key, and only that one', () => {
    const { keys } = device()
    const own = devicePublicKeys(crypto, keys)
    expect(verifyAgreementKey(crypto, own)).toBe(true)
    const other = device().keys.agreement.publicKey
    expect(verifyAgreementKey(crypto, { ...own, agreement: other })).toBe(false)
  })
})

describe('prekey bundle', () => {
  it('is refused in every truncation and with anything appended', () => {
    const { bundles, owner } = publish(device())
    const bytes = bundles[0] as Uint8Array
    for (let length = 0; length < bytes.length; length++) {
      const code = codeOf(() =>
        verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes.subarray(0, length)), owner.peer.signing),
      )
      expect(code).toMatch(/^ratchet\/bad-(bundle|signature)$/)
    }
    expect(codeOf(() => decodePrekeyBundle(concatBytes(bytes, new Uint8Array(1))))).toBe('ratchet/bad-bundle')
    expect(codeOf(() => decodePrekeyBundle(new Uint8Array(4097)))).toBe('ratchet/bad-bundle')
  })
})
