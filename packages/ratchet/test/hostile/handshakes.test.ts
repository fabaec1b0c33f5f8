/** Bundles and handshakes that a hostile directory, network or peer may make. */
import { concatBytes } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  type AcceptedSession,
  acceptSession,
  decodePrekeyBundle,
  decodePrekeyState,
  devicePublicKeys,
  encodePrekeyState,
  initiateSession,
  lastResortBundle,
  MAX_CONTEXT_BYTES,
  type PrekeyBundle,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { AGREEMENT_LABEL, BUNDLE_LABEL } from '../../src/labels.js'
import { encodePrekeyBundle } from '../../src/prekey-bundle.js'
import {
  BAD_X25519,
  codeOf,
  counting,
  crypto,
  type Device,
  device,
  flipped,
  NOW,
  publish,
  verified,
} from '../support.js'

interface Scene {
  alice: Device
  bob: ReturnType<typeof publish>
  handshake: Uint8Array
}

function scene(lastResort = false): Scene {
  const alice = device()
  const bob = publish(device(), 3)
  const bundle = verified(bob, lastResort ? bob.lastResort : undefined)
  const { handshake } = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW })
  return { alice, bob, handshake }
}

function accept(from: Scene, changes: Partial<Parameters<typeof acceptSession>[1]> = {}): AcceptedSession {
  const { alice, bob, handshake } = from
  const { prekeys } = bob
  return acceptSession(crypto, {
    keys: bob.owner.keys,
    prekeys,
    handshake,
    peer: alice.peer,
    now: NOW,
    ...changes,
  })
}

/** Re-signs a bundle's bytes as its owner could. */
function resigned(owner: Device, signed: Uint8Array): Uint8Array {
  return concatBytes(signed, crypto.ed25519.sign(owner.keys.signing, concatBytes(BUNDLE_LABEL, signed)))
}

const verify = (owner: Device, bytes: Uint8Array): PrekeyBundle =>
  verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), owner.peer.signing)

describe('prekey bundles', () => {
  it('hostile 14: each bit of a bundle flipped is refused before a key is used', () => {
    const { owner, bundles, lastResort } = publish(device())
    for (const bytes of [bundles[0] as Uint8Array, lastResort]) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const code = codeOf(() => verify(owner, flipped(bytes, bit)))
        expect(code).toMatch(/^ratchet\/(bad-bundle|bad-signature|wrong-identity|unsupported-version)$/)
      }
    }
  })

  it('hostile 14: a bundle signed by another device, or for another purpose, is refused', () => {
    const { owner, bundles } = publish(device())
    const mallory = device()
    const bytes = bundles[0] as Uint8Array
    const signed = bytes.subarray(0, bytes.length - 64)
    expect(codeOf(() => verify(owner, resigned(mallory, signed)))).toBe('ratchet/bad-signature')
    const bare = concatBytes(signed, crypto.ed25519.sign(owner.keys.signing, signed))
    expect(codeOf(() => verify(owner, bare))).toBe('ratchet/bad-signature')
    const mislabelled = concatBytes(AGREEMENT_LABEL, signed)
    const other = concatBytes(signed, crypto.ed25519.sign(owner.keys.signing, mislabelled))
    expect(codeOf(() => verify(owner, other))).toBe('ratchet/bad-signature')
  })

  it('hostile 14: an agreement key that its signing key never signed is refused, whoever signed the bundle', () => {
    const owner = device()
    const stranger = device()
    const { prekeys } = publish(owner)
    const own = devicePublicKeys(crypto, owner.keys)
    const signedPrekey = { id: 1, createdAt: NOW, publicKey: prekeys.signed[0]?.key.publicKey as Uint8Array }
    const bytes = encodePrekeyBundle(crypto, owner.keys.signing, {
      identity: { ...own, agreement: stranger.peer.agreement },
      signedPrekey,
      oneTimePrekey: null,
      kemPrekey: null,
    })
    expect(codeOf(() => verify(owner, bytes))).toBe('ratchet/bad-signature')
  })

  it('hostile 19, attack: a bundle re-uploaded under another identity is refused', () => {
    const { bundles } = publish(device())
    const mallory = device()
    expect(codeOf(() => verify(mallory, bundles[0] as Uint8Array))).toBe('ratchet/wrong-identity')
  })

  it('hostile 15, attack: a one-time signature cannot be reused as last-resort, nor the reverse', () => {
    const { owner, bundles, lastResort } = publish(device())
    const oneTime = bundles[0] as Uint8Array
    // The one-time record is the last: 2 + 36 bytes before the signature.
    const stripped = concatBytes(oneTime.subarray(0, oneTime.length - 64 - 38), oneTime.subarray(-64))
    expect(codeOf(() => verify(owner, stripped))).toBe('ratchet/bad-bundle')
    const flagged = Uint8Array.from(stripped)
    flagged[2] = 1
    expect(codeOf(() => verify(owner, flagged))).toBe('ratchet/bad-signature')
    const unflagged = Uint8Array.from(lastResort)
    unflagged[2] = 0
    expect(codeOf(() => verify(owner, unflagged))).toBe('ratchet/bad-bundle')
  })

  it('hostile 15, attack: with the one-time pool drained, the session says that it has less forward secrecy', () => {
    expect(accept(scene(true)).usedOneTime).toBe(false)
    expect(accept(scene(false)).usedOneTime).toBe(true)
  })

  it('hostile 12, attack: small-order and non-canonical keys are refused in every slot of a bundle', () => {
    const owner = device()
    const own = devicePublicKeys(crypto, owner.keys)
    const good = device().peer.agreement
    for (const bad of BAD_X25519) {
      const message = concatBytes(AGREEMENT_LABEL, bad)
      const agreementSignature = crypto.ed25519.sign(owner.keys.signing, message)
      const signedPrekey = { id: 1, createdAt: NOW, publicKey: good }
      const oneTimePrekey = { id: 2, publicKey: good }
      const contents = [
        { identity: { ...own, agreement: bad, agreementSignature }, signedPrekey, oneTimePrekey },
        { identity: own, signedPrekey: { ...signedPrekey, publicKey: bad }, oneTimePrekey },
        { identity: own, signedPrekey, oneTimePrekey: { ...oneTimePrekey, publicKey: bad } },
      ]
      for (const content of contents) {
        const bytes = encodePrekeyBundle(crypto, owner.keys.signing, { ...content, kemPrekey: null })
        expect(codeOf(() => verify(owner, bytes))).toBe('ratchet/bad-key')
      }
    }
  })

  it('hostile 20: a version, suite or critical record that is not known is refused, also when well signed', () => {
    const { owner, lastResort } = publish(device())
    const signed = lastResort.subarray(0, lastResort.length - 64)
    for (const [offset, value, code] of [
      [0, 0, 'ratchet/unsupported-version'],
      [0, 2, 'ratchet/unsupported-version'],
      [1, 2, 'ratchet/unsupported-version'],
      [2, 2, 'ratchet/bad-bundle'],
      [3, 1, 'ratchet/bad-bundle'],
    ] as const) {
      const other = Uint8Array.from(signed)
      other[offset] = value
      expect(codeOf(() => verify(owner, resigned(owner, other)))).toBe(code)
    }
    const kem = concatBytes(signed, Uint8Array.of(6, 4, 1, 2, 3, 4))
    expect(codeOf(() => verify(owner, resigned(owner, kem)))).toBe('ratchet/bad-bundle')
    const note = concatBytes(signed, Uint8Array.of(200, 4, 1, 2, 3, 4))
    expect(verify(owner, resigned(owner, note)).signedPrekey.id).toBe(1)
  })

  it('prekey id 0 is refused, since it means none', () => {
    const owner = device()
    const identity = devicePublicKeys(crypto, owner.keys)
    const publicKey = device().peer.agreement
    const signedPrekey = { id: 1, createdAt: NOW, publicKey }
    for (const content of [
      { identity, signedPrekey: { ...signedPrekey, id: 0 }, oneTimePrekey: null },
      { identity, signedPrekey, oneTimePrekey: { id: 0, publicKey } },
    ]) {
      const bytes = encodePrekeyBundle(crypto, owner.keys.signing, { ...content, kemPrekey: null })
      expect(codeOf(() => verify(owner, bytes))).toBe('ratchet/bad-bundle')
    }
  })
})

describe('handshakes', () => {
  it('hostile 16, attack: a prekey message replayed, also after a restart, is refused: a one-time prekey serves once', () => {
    const first = scene()
    const mallory = device()
    const again = initiateSession(crypto, { keys: mallory.keys, bundle: verified(first.bob), now: NOW })
    const { prekeys } = accept(first)
    expect(codeOf(() => accept(first, { prekeys }))).toBe('ratchet/prekey-used')
    const late = { prekeys, handshake: again.handshake, peer: mallory.peer }
    expect(codeOf(() => accept(first, late))).toBe('ratchet/prekey-used')
    const restarted = decodePrekeyState(crypto, encodePrekeyState(crypto, prekeys))
    expect(codeOf(() => accept(first, { prekeys: restarted }))).toBe('ratchet/prekey-used')
  })

  it('hostile 16: of two handshakes for one prekey, whichever is stored first wins', () => {
    const first = scene()
    const other = device()
    const rival = initiateSession(crypto, { keys: other.keys, bundle: verified(first.bob), now: NOW })
    const won = accept(first, { handshake: rival.handshake, peer: other.peer })
    expect(won.usedOneTime).toBe(true)
    expect(codeOf(() => accept(first, { prekeys: won.prekeys }))).toBe('ratchet/prekey-used')
  })

  it('hostile 16, attack: without a one-time prekey a replay gives the same base key and session id to recognise', () => {
    const from = scene(true)
    const [one, two] = [accept(from), accept(from)]
    expect(two.initialKey).toEqual(one.initialKey)
    expect(two.session.id).toEqual(one.session.id)
    expect(accept(scene(true)).initialKey).not.toEqual(one.initialKey)
  })

  it('hostile 16, attack: garbage burns no one-time prekey: each bit flipped is refused and the prekeys stay', () => {
    const from = scene()
    const before = encodePrekeyState(crypto, from.bob.prekeys)
    const codes = new Set<string>()
    for (let bit = 0; bit < from.handshake.length * 8; bit++) {
      codes.add(codeOf(() => accept(from, { handshake: flipped(from.handshake, bit) })))
    }
    expect([...codes].sort()).toEqual([
      'ratchet/bad-handshake',
      'ratchet/bad-key',
      'ratchet/handshake-rejected',
      'ratchet/prekey-expired',
      'ratchet/unknown-prekey',
      'ratchet/unsupported-version',
    ])
    expect(encodePrekeyState(crypto, from.bob.prekeys)).toEqual(before)
    expect(accept(from).usedOneTime).toBe(true)
  })

  it('every truncation is refused, and any appended byte', () => {
    const from = scene()
    for (let length = 0; length < from.handshake.length; length++) {
      const handshake = from.handshake.subarray(0, length)
      expect(codeOf(() => accept(from, { handshake }))).toBe('ratchet/bad-handshake')
    }
    const handshake = concatBytes(from.handshake, new Uint8Array(1))
    expect(codeOf(() => accept(from, { handshake }))).toBe('ratchet/bad-handshake')
  })

  it('hostile 2: a context beyond its limit is refused by its length, before anything is copied or computed', () => {
    const from = scene()
    const { provider, calls } = counting()
    const { keys } = from.bob.owner
    const options = { keys, prekeys: from.bob.prekeys, peer: from.alice.peer, now: NOW }
    for (const [length, given] of [
      [MAX_CONTEXT_BYTES + 1, MAX_CONTEXT_BYTES + 1],
      [0xffff, 0xffff],
      [0xffff, 0],
    ] as const) {
      const head = Uint8Array.from(from.handshake.subarray(0, 80))
      head.set([length & 0xff, length >> 8], 78)
      const handshake = concatBytes(head, new Uint8Array(given), from.handshake.subarray(-32))
      expect(codeOf(() => acceptSession(provider, { ...options, handshake }))).toBe('ratchet/bad-handshake')
    }
    expect(calls()).toMatchObject({ dh: 0, hmac: 0 })
    const whole = initiateSession(crypto, {
      keys: from.alice.keys,
      bundle: verified(from.bob),
      now: NOW,
      context: new Uint8Array(MAX_CONTEXT_BYTES),
    })
    expect(accept(from, { handshake: whole.handshake }).context.length).toBe(MAX_CONTEXT_BYTES)
  })

  it('hostile 12, attack: small-order and non-canonical base, ratchet and identity keys are refused', () => {
    const from = scene()
    for (const bad of BAD_X25519) {
      for (const offset of [12, 44]) {
        const handshake = Uint8Array.from(from.handshake)
        handshake.set(bad, offset)
        expect(codeOf(() => accept(from, { handshake }))).toBe('ratchet/bad-key')
      }
      const peer = { ...from.alice.peer, agreement: bad }
      expect(codeOf(() => accept(from, { peer }))).toBe('ratchet/bad-key')
    }
    const peer = { ...from.alice.peer, signing: new Uint8Array(31) }
    expect(codeOf(() => accept(from, { peer }))).toBe('ratchet/bad-key')
  })

  it('hostile 19, attack: a handshake claimed for another initiator is refused', () => {
    const from = scene()
    const mallory = device()
    const claims = [
      mallory.peer,
      { ...from.alice.peer, signing: mallory.peer.signing },
      { ...from.alice.peer, agreement: mallory.peer.agreement },
    ]
    for (const peer of claims) {
      expect(codeOf(() => accept(from, { peer }))).toBe('ratchet/handshake-rejected')
    }
  })

  it('hostile 19: a handshake relayed to a device that shares the prekeys but not the identity is refused', () => {
    const from = scene()
    const stranger = device()
    for (const keys of [
      { ...from.bob.owner.keys, signing: stranger.keys.signing },
      { ...from.bob.owner.keys, agreement: stranger.keys.agreement },
    ]) {
      expect(codeOf(() => accept(from, { keys }))).toBe('ratchet/handshake-rejected')
    }
  })

  it('hostile 19: a handshake from a bundle that was never published, though well signed, is refused', () => {
    const alice = device()
    const bob = publish(device())
    const bytes = bob.bundles[0] as Uint8Array
    const signed = concatBytes(bytes.subarray(0, bytes.length - 64), Uint8Array.of(200, 1, 9))
    const bundle = verify(bob.owner, resigned(bob.owner, signed))
    const { handshake } = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW })
    expect(codeOf(() => accept({ alice, bob, handshake }))).toBe('ratchet/handshake-rejected')
  })

  it('hostile 20: a version or suite changed on the way, or a KEM slot filled, is refused', () => {
    const from = scene()
    for (const [offset, value, code] of [
      [0, 0, 'ratchet/unsupported-version'],
      [0, 2, 'ratchet/unsupported-version'],
      [1, 0, 'ratchet/unsupported-version'],
      [1, 2, 'ratchet/unsupported-version'],
      [2, 1, 'ratchet/bad-handshake'],
      [4, 0, 'ratchet/bad-handshake'],
      [76, 1, 'ratchet/bad-handshake'],
    ] as const) {
      const handshake = Uint8Array.from(from.handshake)
      handshake[offset] = value
      expect(codeOf(() => accept(from, { handshake }))).toBe(code)
    }
  })

  it('hostile 20: leaving the one-time prekey out on the way is refused', () => {
    const from = scene()
    const handshake = Uint8Array.from(from.handshake)
    handshake.fill(0, 8, 12)
    expect(codeOf(() => accept(from, { handshake }))).toBe('ratchet/handshake-rejected')
  })

  it('a prekey of one bundle cannot be combined with the signed prekey of another', () => {
    const from = scene()
    const { prekeys } = from.bob
    const moved = { ...prekeys, oneTime: prekeys.oneTime.map((one) => ({ ...one, signedPrekeyId: 99 })) }
    expect(codeOf(() => accept(from, { prekeys: moved }))).toBe('ratchet/unknown-prekey')
  })

  it('a handshake reflected to its sender is refused', () => {
    const from = scene()
    const own = publish(from.alice, 3)
    const reflected = { keys: from.alice.keys, prekeys: own.prekeys, peer: from.bob.owner.peer }
    expect(codeOf(() => accept(from, reflected))).toBe('ratchet/handshake-rejected')
    expect(lastResortBundle(crypto, from.alice.keys, own.prekeys)).toEqual(own.lastResort)
  })
})
