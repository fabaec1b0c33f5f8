/**
 * Keys with a part of small order. X25519 multiplies by 8, so such a twin gives the same secrets as the key it was made
 * from: what keeps it from passing for that key is that every key is signed, or named in the transcript, as bytes.
 */
import { concatBytes, fromHex } from '@hyphae/core'
import { frameMask } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  type AcceptOptions,
  acceptSession,
  decodePrekeyBundle,
  decryptFrame,
  devicePublicKeys,
  initiateSession,
  type PrekeyBundle,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { AGREEMENT_LABEL, BUNDLE_LABEL } from '../../src/labels.js'
import { postQuantum } from '../../src/pq.js'
import { encodePrekeyBundle } from '../../src/prekey-bundle.js'
import { coreOf } from '../../src/session.js'
import {
  codeOf,
  crypto,
  type Device,
  device,
  NOW,
  newPqPair,
  type Published,
  publish,
  send,
  talk,
  talkedPair,
  torsioned,
  unchanged,
  verified,
} from '../support.js'

/** Offsets of base key and ratchet key in a handshake. */
const KEY_OFFSETS = [12, 44]

const handshakeOf = (alice: Device, bundle: PrekeyBundle): Uint8Array =>
  initiateSession(crypto, { keys: alice.keys, bundle, now: NOW, pq: postQuantum, allowClassic: true })
    .handshake

function accept(bob: Published, alice: Device, changes: Partial<AcceptOptions>): string {
  const { owner, prekeys } = bob
  const options = { keys: owner.keys, prekeys, handshake: new Uint8Array(0), peer: alice.peer, now: NOW }
  return codeOf(() => acceptSession(crypto, { ...options, ...changes }))
}

/** A bundle that Mallory signs herself, over twins of all of Bob's keys. */
function stolenBundle(bob: Published, mallory: Device, twin: number): PrekeyBundle {
  const twinOf = (key: Uint8Array): Uint8Array => torsioned(key)[twin] as Uint8Array
  const agreement = twinOf(bob.owner.peer.agreement)
  const { signedPrekey, oneTimePrekey, kemPrekey } = verified(bob)
  if (oneTimePrekey === null) throw new Error('no one-time prekey')
  const bytes = encodePrekeyBundle(crypto, mallory.keys.signing, {
    identity: {
      signing: mallory.peer.signing,
      agreement,
      agreementSignature: crypto.ed25519.sign(mallory.keys.signing, concatBytes(AGREEMENT_LABEL, agreement)),
    },
    signedPrekey: { ...signedPrekey, publicKey: twinOf(signedPrekey.publicKey) },
    oneTimePrekey: { ...oneTimePrekey, publicKey: twinOf(oneTimePrekey.publicKey) },
    kemPrekey,
  })
  return verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), mallory.peer.signing)
}

describe('attack: torsioned keys in every slot', () => {
  it('give the same secret as the key that they were made from, which is why this matters', () => {
    const [own, other] = [crypto.x25519.generate(), crypto.x25519.generate()]
    const twins = torsioned(other.publicKey)
    expect(new Set(twins.map((key) => Buffer.from(key).toString('hex'))).size).toBe(7)
    for (const twin of twins) {
      expect(twin).not.toEqual(other.publicKey)
      expect(crypto.x25519.dh(own, twin)).toEqual(crypto.x25519.dh(own, other.publicKey))
    }
  })

  it.each([
    ['suite 1', undefined],
    ['suite 2', postQuantum],
  ])('in a bundle: agreement key, signed and one-time prekey are under its signature, %s', (_, pq) => {
    const bob = publish(device(), 1, crypto, pq)
    const bytes = bob.bundles[0] as Uint8Array
    const { identity, signedPrekey, oneTimePrekey } = verified(bob)
    if (oneTimePrekey === null) throw new Error('no one-time prekey')
    for (const key of [identity.agreement, signedPrekey.publicKey, oneTimePrekey.publicKey]) {
      const at = Buffer.from(bytes).indexOf(Buffer.from(key))
      expect(at).toBeGreaterThan(0)
      for (const twin of torsioned(key)) {
        const changed = Uint8Array.from(bytes)
        changed.set(twin, at)
        expect(codeOf(() => verified(bob, changed))).toBe('ratchet/bad-signature')
      }
    }
  })

  it.each([
    ['suite 1', undefined],
    ['suite 2', postQuantum],
  ])('in a handshake: base key, ratchet key and the claimed identity are in the transcript, %s', (_, pq) => {
    const alice = device()
    const bob = publish(device(), 1, crypto, pq)
    const handshake = handshakeOf(alice, verified(bob))
    for (const at of KEY_OFFSETS) {
      for (const twin of torsioned(handshake.slice(at, at + 32))) {
        const changed = Uint8Array.from(handshake)
        changed.set(twin, at)
        expect(accept(bob, alice, { handshake: changed })).toBe('ratchet/handshake-rejected')
      }
    }
    for (const agreement of torsioned(alice.peer.agreement)) {
      const peer = { ...alice.peer, agreement }
      expect(accept(bob, alice, { handshake, peer })).toBe('ratchet/handshake-rejected')
    }
    expect(accept(bob, alice, { handshake })).toBe('no error')
  })

  it('hostile 19: a bundle of twins of somebody else’s keys, well signed, makes no session with that other', () => {
    const [alice, mallory] = [device(), device()]
    for (const pq of [undefined, postQuantum]) {
      const bob = publish(device(), 1, crypto, pq)
      for (let twin = 0; twin < 7; twin++) {
        const handshake = handshakeOf(alice, stolenBundle(bob, mallory, twin))
        expect(accept(bob, alice, { handshake })).toBe('ratchet/handshake-rejected')
      }
    }
  })

  it('in a frame: the ratchet key is under the tag, so the frame is nobody’s and the state stays', () => {
    for (const make of [talkedPair, newPqPair]) {
      const pair = make()
      talk(pair, 'alice', 'first')
      talk(pair, 'bob', 'turn')
      const frame = send(pair, 'alice', 'hello')
      const [own, seen] = [coreOf(pair.alice).sending, coreOf(pair.bob).sending]
      if (own.kind !== 'ready' || seen.kind !== 'ready') throw new Error('not ready')
      const mask = frameMask(crypto, seen.next.key, 0)
      expect(frame.subarray(2, 16)).toEqual(mask.subarray(0, 14))
      for (const twin of torsioned(own.ratchetPublic)) {
        const changed = Uint8Array.from(frame)
        for (let i = 0; i < 32; i++) changed[16 + i] = (twin[i] as number) ^ (mask[14 + i] as number)
        expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, changed))).toBeNull()
      }
      expect(decryptFrame(crypto, pair.bob, frame)).not.toBeNull()
    }
  })
})

describe('attack: small-order signing keys', () => {
  // For a key of small order there are signatures, such as this one, that a lax verifier takes for any message.
  const ANY_MESSAGE = concatBytes(Uint8Array.of(1), new Uint8Array(63))
  const POINTS = [
    `01${'00'.repeat(31)}`,
    `ec${'ff'.repeat(30)}7f`,
    '00'.repeat(32),
    `${'00'.repeat(31)}80`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ].map(fromHex)

  it('sign no bundle, though the caller expects that very key', () => {
    const owner = device()
    const bob = publish(owner)
    const [signed] = [(bob.bundles[0] as Uint8Array).slice(0, -64)]
    const own = devicePublicKeys(crypto, owner.keys)
    const at = Buffer.from(signed).indexOf(Buffer.from(own.signing))
    const proof = Buffer.from(signed).indexOf(Buffer.from(own.agreementSignature))
    for (const signing of POINTS) {
      const forged = concatBytes(signed, ANY_MESSAGE)
      forged.set(signing, at)
      forged.set(ANY_MESSAGE, proof)
      const verify = (): unknown => verifyPrekeyBundle(crypto, decodePrekeyBundle(forged), signing)
      expect(codeOf(verify)).toBe('ratchet/bad-signature')
      const message = concatBytes(BUNDLE_LABEL, forged.subarray(0, -64))
      expect(crypto.ed25519.verify(signing, message, ANY_MESSAGE)).toBe(false)
    }
  })
})
