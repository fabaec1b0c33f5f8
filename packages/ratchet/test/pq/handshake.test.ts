/** PQXDH: suite 2 of bundle and handshake, and what an attacker may try with them. */
import { concatBytes, toHex } from '@hyphae/core'
import { mlKem768 } from '@hyphae/crypto/kem'
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  createPrekeyState,
  decodePrekeyBundle,
  decodePrekeyState,
  encodePrekeyState,
  encodeSession,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PrekeyBundle,
  rotateSignedPrekey,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { BUNDLE_LABEL } from '../../src/labels.js'
import { createPostQuantum, postQuantum } from '../../src/pq.js'
import { agreeSecrets, transcriptHash } from '../../src/x3dh.js'
import {
  answer,
  begunPq,
  codeOf,
  crypto,
  type Device,
  device,
  flipped,
  NOW,
  type Pair,
  publish,
  talk,
  verified,
} from '../support.js'

const large = createPostQuantum({ prekeyKem: 'ml-kem-1024' })
const SIGNATURE = 64

function resigned(owner: Device, signed: Uint8Array): Uint8Array {
  return concatBytes(signed, crypto.ed25519.sign(owner.keys.signing, concatBytes(BUNDLE_LABEL, signed)))
}

function initiate(bundle: PrekeyBundle, options: { pq?: typeof postQuantum; allowClassic?: boolean } = {}) {
  return initiateSession(crypto, { keys: device().keys, bundle, now: NOW, ...options })
}

describe('PQXDH', () => {
  it.each([
    ['ml-kem-768', postQuantum, 1479, 1441, 1204],
    ['ml-kem-1024', large, 1863, 1825, 1684],
  ] as const)('agrees with %s, one-time and last-resort', (name, pq, oneTime, lastResort, handshake) => {
    for (const pick of [undefined, (from: { lastResort: Uint8Array }) => from.lastResort]) {
      const begun = begunPq(pq, pick)
      const accepted = answer(begun)
      const encoded = pick === undefined ? begun.published.bundles[0] : begun.published.lastResort
      expect([encoded?.length, begun.handshake.length]).toEqual([
        pick === undefined ? oneTime : lastResort,
        handshake,
      ])
      expect(verified(begun.published, encoded).kemPrekey).toMatchObject({
        kem: name,
        id: pick === undefined ? 2 : 1,
      })
      expect(accepted.usedOneTime).toBe(pick === undefined)
      expect(accepted.prekeys.oneTime.length).toBe(pick === undefined ? 1 : 2)
      expect(accepted.session.id).toEqual(begun.session.id)
      const pair: Pair = { alice: begun.session, bob: accepted.session }
      expect(talk(pair, 'alice', 'hello')).toBe('hello')
      expect(talk(pair, 'bob', 'there')).toBe('there')
    }
  })

  it('leaves room in one handshake frame for a certificate of 360 bytes with ML-KEM-768', () => {
    expect(begunPq().handshake.length + 360 + 2 * 5).toBeLessThanOrEqual(1976)
  })

  it('understands either KEM, whichever it publishes itself', () => {
    const published = publish(device(), 1, crypto, large)
    expect(initiate(verified(published), { pq: postQuantum }).handshake.length).toBe(1684)
  })

  it('the secrets depend on the KEM secret, not on the DH outputs alone', () => {
    const begun = begunPq()
    const changed = Uint8Array.from(begun.handshake)
    // Another ciphertext to the same key, everything else as it was.
    const { kemPrekey } = verified(begun.published)
    const other = mlKem768.encapsulate(crypto, kemPrekey?.publicKey ?? new Uint8Array(0)).ciphertext
    changed.set(other, 82)
    expect(codeOf(() => answer(begun, changed))).toBe('ratchet/handshake-rejected')
    for (const bit of [8 * 82, 8 * 600 + 3, 8 * (82 + 1087) + 7]) {
      expect(codeOf(() => answer(begun, flipped(begun.handshake, bit)))).toBe('ratchet/handshake-rejected')
    }
    expect(codeOf(() => answer(begun))).toBe('no error')
  })
})

describe('key agreement', () => {
  const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

  it('every secret changes with the KEM secret alone', () => {
    const agree = (kemSecret: Uint8Array | null) =>
      agreeSecrets(crypto, { outputs: [bytes(32, 1), bytes(32, 2), bytes(32, 3)], kemSecret }, bytes(32, 9))
    const [one, two, none] = [agree(bytes(32, 4)), agree(bytes(32, 5)), agree(null)]
    for (const name of ['rootKey', 'headerKey', 'mailboxSecret', 'confirmation'] as const) {
      expect(new Set([one, two, none].map((secrets) => toHex(secrets[name]))).size).toBe(3)
    }
    expect(one.postQuantum).not.toEqual(two.postQuantum)
    expect([one.postQuantum?.length, none.postQuantum]).toEqual([64, null])
  })

  it('the transcript changes with the KEM key alone, and with its absence', () => {
    const peer = { signing: bytes(32, 1), agreement: bytes(32, 2) }
    const hash = (kemKey: Uint8Array | null): string =>
      toHex(
        transcriptHash(crypto, {
          initiator: peer,
          responder: peer,
          bundleHash: bytes(32, 3),
          kemKey,
          unconfirmed: bytes(80, 4),
        }),
      )
    expect(new Set([hash(null), hash(bytes(1184, 5)), hash(bytes(1184, 6)), hash(bytes(1568, 5))]).size).toBe(
      4,
    )
  })
})

describe('attacks on PQXDH', () => {
  it('hostile 20, attack: PQ part stripped: a bundle without its KEM prekey is refused, re-encoded as suite 1 too', () => {
    const { owner, lastResort } = publish(device(), 1, crypto, postQuantum)
    const end = lastResort.length - SIGNATURE
    const record = 1190 + 4 + 1
    const stripped = Uint8Array.from(
      concatBytes(lastResort.subarray(0, end - record), lastResort.subarray(end)),
    )
    expect(codeOf(() => decodePrekeyBundle(stripped))).toBe('ratchet/unsupported-version')
    stripped[1] = 1
    const verify = (bytes: Uint8Array): unknown =>
      verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing)
    expect(codeOf(() => verify(stripped))).toBe('ratchet/bad-signature')
  })

  it('hostile 20: a classic bundle is refused where post-quantum is wanted, unless it is allowed', () => {
    const bundle = verified(publish(device()))
    expect(codeOf(() => initiate(bundle, { pq: postQuantum }))).toBe('ratchet/downgrade')
    expect(initiate(bundle, { pq: postQuantum, allowClassic: true }).handshake[1]).toBe(1)
    expect(initiate(bundle).handshake[1]).toBe(1)
  })

  it('hostile 20: a suite 2 bundle is refused by who has no post-quantum part, never used without it', () => {
    const bundle = verified(publish(device(), 1, crypto, postQuantum))
    expect(codeOf(() => initiate(bundle))).toBe('ratchet/unsupported-version')
  })

  it('hostile 20, attack: PQ part stripped: a handshake without its KEM part, or with one put in, is refused and consumes nothing', () => {
    const begun = begunPq()
    const { handshake } = begun
    const stripped = Uint8Array.from(
      concatBytes(handshake.subarray(0, 76), new Uint8Array(4), handshake.subarray(-32)),
    )
    expect(codeOf(() => answer(begun, stripped))).toBe('ratchet/unsupported-version')
    stripped[1] = 1
    expect(codeOf(() => answer(begun, stripped))).toBe('ratchet/bad-handshake')
    const classic = publish(device())
    const alice = device()
    const { handshake: plain } = initiateSession(crypto, {
      keys: alice.keys,
      bundle: verified(classic),
      now: NOW,
    })
    const kem = concatBytes(Uint8Array.of(1092 & 0xff, 1092 >> 8, 2, 0, 0, 0), new Uint8Array(1088))
    const stuffed = Uint8Array.from(concatBytes(plain.subarray(0, 76), kem, plain.subarray(78)))
    stuffed[1] = 2
    const accept = (bytes: Uint8Array): unknown => {
      const { owner, prekeys } = classic
      return acceptSession(crypto, {
        keys: owner.keys,
        prekeys,
        handshake: bytes,
        peer: alice.peer,
        now: NOW,
      })
    }
    expect(codeOf(() => accept(stuffed))).toBe('ratchet/bad-handshake')
    expect(codeOf(() => accept(plain))).toBe('no error')
  })

  it('refuses a KEM slot of a wrong length or id', () => {
    const begun = begunPq()
    const edited = (at: number, value: number): Uint8Array => {
      const copy = Uint8Array.from(begun.handshake)
      copy[at] = value
      return copy
    }
    for (const handshake of [edited(76, 0), edited(77, 5), edited(77, 0xff), edited(78, 3), edited(80, 1)]) {
      expect(codeOf(() => answer(begun, handshake))).toBe('ratchet/bad-handshake')
    }
    const longer = concatBytes(
      begun.handshake.subarray(0, 76),
      Uint8Array.of(1093 & 0xff, 1093 >> 8),
      begun.handshake.subarray(78, 1170),
      new Uint8Array(1),
      begun.handshake.subarray(1170),
    )
    expect(codeOf(() => answer(begun, longer))).toBe('ratchet/bad-handshake')
  })

  it('attack: KEM key swapped under a valid signature: the signature covers it, and the transcript names it', () => {
    const published = publish(device(), 1, crypto, postQuantum)
    const { owner } = published
    const good = published.bundles[0] as Uint8Array
    const swapped = Uint8Array.from(good)
    const foreign = mlKem768.generate(crypto)
    swapped.set(foreign.publicKey, good.length - SIGNATURE - 1184)
    const verify = (bytes: Uint8Array): PrekeyBundle =>
      verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing)
    expect(codeOf(() => verify(swapped))).toBe('ratchet/bad-signature')
    // Even if the owner had signed it elsewhere, it is not the bundle that was published.
    const bundle = verify(resigned(owner, swapped.subarray(0, swapped.length - SIGNATURE)))
    const alice = device()
    const { handshake } = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW, pq: postQuantum })
    const { prekeys } = published
    const accept = (): unknown =>
      acceptSession(crypto, { keys: owner.keys, prekeys, handshake, peer: alice.peer, now: NOW })
    expect(codeOf(accept)).toBe('ratchet/handshake-rejected')
  })

  it('attack: re-encapsulation: a ciphertext opened and made again for another device gives no shared session', () => {
    const owner = device()
    const bob = publish(owner, 1, crypto, postQuantum)
    const mallory = publish(device(), 1, crypto, postQuantum)
    const begun = begunPq(postQuantum)
    // The attacker relays Alice's handshake to another owner, with the KEM secret re-encapsulated to that key.
    const target = verified(bob).kemPrekey?.publicKey ?? new Uint8Array(0)
    const relayed = Uint8Array.from(begun.handshake)
    relayed.set(mlKem768.encapsulate(crypto, target).ciphertext, 82)
    for (const { owner: victim, prekeys } of [bob, mallory]) {
      const accept = (): unknown =>
        acceptSession(crypto, {
          keys: victim.keys,
          prekeys,
          handshake: relayed,
          peer: begun.alice.peer,
          now: NOW,
        })
      expect(codeOf(accept)).toBe('ratchet/handshake-rejected')
    }
  })

  it('attack: one-time signature reused as last-resort, and the reverse: flags and ids are under the signature', () => {
    const published = publish(device(), 1, crypto, postQuantum)
    const { owner, lastResort } = published
    const oneTime = published.bundles[0] as Uint8Array
    const verify = (bytes: Uint8Array): unknown =>
      verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing)
    const record = (bytes: Uint8Array): number => bytes.length - SIGNATURE - 1190
    for (const bytes of [oneTime, lastResort]) {
      // The KEM record's own flag and id, alone and signed again by the owner.
      for (const [at, value] of [
        [1, bytes === oneTime ? 1 : 0],
        [2, 7],
      ] as const) {
        const other = Uint8Array.from(bytes)
        other[record(bytes) + at] = value
        expect(codeOf(() => verify(other))).toBe('ratchet/bad-bundle')
        const signed = other.subarray(0, other.length - SIGNATURE)
        expect(codeOf(() => verify(resigned(owner, signed)))).toBe('ratchet/bad-bundle')
      }
    }
    // The KEM record of one bundle in the other.
    const grafted = Uint8Array.from(lastResort)
    grafted.set(oneTime.subarray(record(oneTime), oneTime.length - SIGNATURE), record(lastResort))
    expect(codeOf(() => verify(grafted))).toBe('ratchet/bad-bundle')
    const unknown = Uint8Array.from(lastResort)
    unknown[record(lastResort)] = 9
    expect(codeOf(() => verify(unknown))).toBe('ratchet/unsupported-version')
  })

  it('a KEM key with coefficients out of range is refused before anything is sent, also when well signed', () => {
    const { owner, lastResort } = publish(device(), 1, crypto, postQuantum)
    const bad = Uint8Array.from(lastResort.subarray(0, lastResort.length - SIGNATURE))
    bad.fill(0xff, bad.length - 1184, bad.length - 1180)
    const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(resigned(owner, bad)), owner.peer.signing)
    expect(codeOf(() => initiate(bundle, { pq: postQuantum }))).toBe('ratchet/bad-key')
  })

  it('hostile 16, attack: garbage burns no one-time KEM prekey, and a used one is gone', () => {
    const begun = begunPq()
    const { prekeys } = answer(begun)
    expect(prekeys.oneTime.map((one) => one.id)).toEqual([3])
    const again = { ...begun, published: { ...begun.published, prekeys } }
    expect(codeOf(() => answer(again))).toBe('ratchet/prekey-used')
    expect(begun.published.prekeys.oneTime.length).toBe(2)
  })
})

describe('KEM prekeys', () => {
  it('come back from their snapshot, which needs the post-quantum part', () => {
    const { owner, prekeys } = publish(device(), 3, crypto, postQuantum)
    const bytes = encodePrekeyState(crypto, prekeys)
    expect(bytes.length).toBe(8 + 74 + 65 + 3 * (72 + 65))
    expect(bytes[0]).toBe(2)
    const back = decodePrekeyState(crypto, bytes, { pq: postQuantum })
    expect(encodePrekeyState(crypto, back)).toEqual(bytes)
    expect(lastResortBundle(crypto, owner.keys, back)).toEqual(lastResortBundle(crypto, owner.keys, prekeys))
    expect(codeOf(() => decodePrekeyState(crypto, bytes))).toBe('ratchet/unsupported-version')
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length)
      expect(codeOf(() => decodePrekeyState(crypto, cut, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
    }
    for (const [at, value] of [
      [80, 3],
      [80, 0],
    ] as const) {
      const other = Uint8Array.from(bytes)
      other[at] = value
      expect(codeOf(() => decodePrekeyState(crypto, other, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
    }
  })

  it('hostile 53: a classic state goes on, and has KEM prekeys from the next rotation', () => {
    const { owner, prekeys } = publish(device(), 2)
    const bytes = encodePrekeyState(crypto, prekeys)
    const read = decodePrekeyState(crypto, bytes, { pq: postQuantum })
    expect(encodePrekeyState(crypto, read)).toEqual(bytes)
    expect(lastResortBundle(crypto, owner.keys, read)[1]).toBe(1)
    const rotated = rotateSignedPrekey(crypto, owner.keys, read, { now: NOW })
    const { state, bundles } = generateOneTimePrekeys(crypto, owner.keys, rotated, 1)
    expect([bundles[0]?.[1], lastResortBundle(crypto, owner.keys, state)[1]]).toEqual([2, 2])
    const mixed = encodePrekeyState(crypto, state)
    expect(encodePrekeyState(crypto, decodePrekeyState(crypto, mixed, { pq: postQuantum }))).toEqual(mixed)
    const none = Uint8Array.from(bytes)
    none[0] = 2
    expect(codeOf(() => decodePrekeyState(crypto, none, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
  })

  it('are made with the state and forgotten with their signed prekey', () => {
    const owner = device()
    let state = createPrekeyState(crypto, owner.keys, { now: NOW, pq: postQuantum })
    state = generateOneTimePrekeys(crypto, owner.keys, state, 2).state
    for (let week = 0; week < 3; week++) state = rotateSignedPrekey(crypto, owner.keys, state, { now: NOW })
    expect([state.signed.length, state.oneTime.length]).toEqual([3, 0])
    expect(state.signed.every((one) => one.kem?.kind === 'ml-kem-768')).toBe(true)
  })

  it('a session begun from one survives its snapshot', () => {
    const begun = begunPq()
    expect(encodeSession(begun.session).length).toBeLessThanOrEqual(4096)
  })
})
