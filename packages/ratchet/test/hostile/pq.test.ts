/** Attacks on the post-quantum ratchet: from outside, and by the peer itself. */
import { inspect } from 'node:util'
import { createNobleCrypto } from '@hyphae/crypto'
import { mlKem768 } from '@hyphae/crypto/kem'
import { frameMask, sealFrame } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import {
  decodeSession,
  decryptFrame,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  type SessionState,
  sessionHealth,
} from '../../src/index.js'
import { chainStep, mixKey } from '../../src/kdf.js'
import { encodeChunks } from '../../src/pq/erasure.js'
import { encodeMessage } from '../../src/pq/message.js'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import {
  codeOf,
  crypto,
  device,
  flipped,
  NOW,
  newPair,
  newPqPair,
  type Pair,
  publish,
  receive,
  send,
  talk,
  unchanged,
  verified,
} from '../support.js'

/** A frame of `session`'s next message, as a peer who breaks the rules would make it. */
function rogue(session: SessionState, padding: Uint8Array, shift = 0, mixed = true): Uint8Array {
  const { sending, pq, facts } = coreOf(session)
  if (sending.kind !== 'ready' || pq === null) throw new Error('not ready')
  const { messageKey } = chainStep(crypto, sending.chainKey)
  return sealFrame(crypto, {
    mask: frameMask(crypto, sending.headerKey, sending.n),
    header: {
      ratchetKey: sending.ratchetPublic,
      n: sending.n,
      pn: sending.pn,
      length: 0,
      pqEpoch: (pq.state.epoch + shift) % 16,
    },
    messageKey: mixed ? mixKey(crypto, pq.state.key, messageKey) : messageKey,
    associatedData: facts.transcript,
    body: new Uint8Array(0),
    size: 2048,
    padding,
  })
}

/** Alice has sent at least one message, so she is ready; the exchange has not begun. */
function ready(): Pair {
  const pair = newPqPair()
  for (let i = 0; i < 3; i++) {
    talk(pair, 'alice', 'one')
    talk(pair, 'bob', 'two')
  }
  talk(pair, 'alice', 'three')
  return pair
}

describe('attacks from outside', () => {
  it('attack: PQ field stripped or bumped: any bit of the header changed makes the frame nobody’s', () => {
    const pair = ready()
    for (let i = 0; i < 40; i++) {
      talk(pair, 'alice', 'a')
      talk(pair, 'bob', 'b')
    }
    const frame = send(pair, 'alice', 'current', 512)
    // Bytes 54 and 55 hold the length and, in the upper four bits, the epoch.
    for (let bit = 8 * 54; bit < 8 * 56; bit++) {
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, flipped(frame, bit)))).toBeNull()
    }
    // Padding is inside the AEAD: none of its bytes can be zeroed or changed.
    for (let bit = 8 * 64; bit < 8 * 512; bit += 97) {
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, flipped(frame, bit)))).toBeNull()
    }
    expect(receive(pair, 'bob', frame)).toBe('current')
  })

  it('attack: each bit of the header of a late frame flipped, its epoch included, gives null and its key stays', () => {
    const pair = ready()
    for (let i = 0; i < 3; i++) {
      const late = send(pair, 'alice', 'late')
      talk(pair, 'alice', 'in time')
      for (let bit = 0; bit < 8 * 56; bit++) {
        expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, flipped(late, bit)))).toBeNull()
      }
      expect(receive(pair, 'bob', late)).toBe('late')
    }
  })

  it('hostile 20: a suite 2 snapshot is not read as a classic one, nor the reverse', () => {
    const [pq, classic] = [encodeSession(ready().bob), encodeSession(newPair().alice)]
    expect(codeOf(() => decodeSession(crypto, pq))).toBe('ratchet/unsupported-version')
    for (const [bytes, version] of [
      [pq, 1],
      [classic, 2],
    ] as const) {
      const other = Uint8Array.from(bytes)
      other[0] = (version << 4) | ((bytes[0] as number) & 0xf)
      expect(codeOf(() => decodeSession(crypto, other, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
    }
  })

  it('hostile 53: a suite 2 snapshot that is cut, or was never written, is refused whole', () => {
    const pair = ready()
    send(pair, 'alice', 'lost')
    talk(pair, 'alice', 'late')
    for (let i = 0; i < 24; i++) {
      talk(pair, 'bob', 'b')
      talk(pair, 'alice', 'a')
    }
    for (const session of [pair.alice, pair.bob]) {
      const bytes = encodeSession(session)
      for (let length = 0; length < bytes.length; length += 3) {
        const cut = bytes.subarray(0, length)
        expect(codeOf(() => decodeSession(crypto, cut, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
      }
      const longer = Uint8Array.from([...bytes, 0])
      expect(codeOf(() => decodeSession(crypto, longer, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
    }
  })
})

describe('a snapshot with late messages', () => {
  it('hostile 53: says of each whether it may be of two epochs, in one way', () => {
    const pair = ready()
    const late = send(pair, 'alice', 'late')
    talk(pair, 'alice', 'in time')
    const { sending, skipped } = coreOf(pair.bob)
    expect([sending.kind, skipped.length, skipped[0]?.pq?.later]).toEqual(['due', 1, null])
    const bytes = encodeSession(pair.bob)
    // Behind the facts, what is due, the receiving chain and the count: mask, key and time, and the epoch.
    const at = 167 + 67 + 67 + 2 + 92 + 4
    expect(bytes[at]).toBe(0)
    for (const value of [2, 3, 255]) {
      const other = Uint8Array.from(bytes)
      other[at] = value
      expect(codeOf(() => decodeSession(crypto, other, { pq: postQuantum }))).toBe('ratchet/bad-snapshot')
    }
    pair.bob = decodeSession(crypto, bytes, { pq: postQuantum })
    expect(receive(pair, 'bob', late)).toBe('late')
  })
})

describe('a peer that breaks the rules', () => {
  const nothing = new Uint8Array(0)

  it('attack: PQ field bumped: a frame of an epoch whose key was never agreed is nobody’s', () => {
    const pair = ready()
    for (let shift = 1; shift < 16; shift++) {
      const frame = rogue(pair.alice, nothing, shift)
      expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    }
    expect(decryptFrame(crypto, pair.bob, rogue(pair.alice, nothing))).not.toBeNull()
  })

  it('attack: PQ part stripped: a frame whose key lacks it is nobody’s', () => {
    const pair = ready()
    const frame = rogue(pair.alice, nothing, 0, false)
    expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
  })

  it('padding of an unknown version or shape is refused, and the state stays', () => {
    const pair = ready()
    for (const padding of [[0x20], [0x1f], [0x10], [0, 1], [0x11, 0x80], [0x11, 0x7f, 200]]) {
      const frame = rogue(pair.alice, Uint8Array.from(padding))
      const code = unchanged(pair.bob, () => codeOf(() => decryptFrame(crypto, pair.bob, frame)))
      expect(code).toBe('ratchet/bad-frame')
    }
    expect(talk(pair, 'alice', 'unharmed')).toBe('unharmed')
  })

  it('attack: KEM key swapped: a vector that is not the header’s is refused, and the state stays', () => {
    const pair = ready()
    const header = new Uint8Array(64).fill(1)
    const vector = new Uint8Array(1152).fill(2)
    const runs = [
      { value: 0, first: 0, data: encodeChunks(header, 0, 4) },
      { value: 1, first: 0, data: encodeChunks(vector, 0, 72) },
    ]
    const frame = rogue(pair.alice, encodeMessage({ acks: 0, runs }))
    const code = unchanged(pair.bob, () => codeOf(() => decryptFrame(crypto, pair.bob, frame)))
    expect(code).toBe('ratchet/bad-frame')
    expect(talk(pair, 'alice', 'unharmed')).toBe('unharmed')
  })

  it('attack: KEM key swapped while it is answered: a vector that is not the header’s is refused, and the state stays', () => {
    const pair = ready()
    // Small frames: the header is answered while the vector is still coming.
    const answering = () => coreOf(pair.bob).pq?.state.exchange
    for (let i = 0; answering()?.kind !== 'answering'; i++) {
      if (i > 100) throw new Error('nothing was answered')
      talk(pair, 'bob', 'b')
      talk(pair, 'alice', 'a')
    }
    const exchange = answering()
    if (exchange?.kind !== 'answering' || exchange.rest.kind !== 'pending') throw new Error('too fast')
    talk(pair, 'bob', 'turn')
    send(pair, 'alice', 'make her ready')
    const vector = new Uint8Array(1152).fill(2)
    const runs = [{ value: 1, first: 0, data: encodeChunks(vector, 0, 72) }]
    const frame = rogue(pair.alice, encodeMessage({ acks: 0, runs }))
    const code = unchanged(pair.bob, () => codeOf(() => decryptFrame(crypto, pair.bob, frame)))
    expect(code).toBe('ratchet/bad-frame')
    expect(talk(pair, 'alice', 'unharmed')).toBe('unharmed')
    expect(talk(pair, 'bob', 'and can answer')).toBe('and can answer')
  })

  it('chunks for an exchange that has not begun are ignored', () => {
    const pair = ready()
    talk(pair, 'bob', 'turn')
    talk(pair, 'alice', 'turn')
    const before = coreOf(pair.alice).pq?.state.exchange
    send(pair, 'bob', 'make him ready')
    const frame = rogue(
      pair.bob,
      encodeMessage({ acks: 3, runs: [{ value: 0, first: 0, data: new Uint8Array(960) }] }),
    )
    const opened = decryptFrame(crypto, pair.alice, frame)
    if (opened === null) throw new Error('not opened')
    expect(coreOf(opened.session).pq?.state.exchange).toBe(before)
  })

  it('a peer that answers with a wrong ciphertext loses its own session, and nothing else', () => {
    const pair = ready()
    while (coreOf(pair.alice).pq?.state.exchange.kind !== 'offering') {
      talk(pair, 'bob', 'b')
      talk(pair, 'alice', 'a')
    }
    send(pair, 'bob', 'make him ready')
    const runs = [
      { value: 0, first: 0, data: new Uint8Array(960) },
      { value: 1, first: 0, data: new Uint8Array(128) },
    ]
    const opened = decryptFrame(crypto, pair.alice, rogue(pair.bob, encodeMessage({ acks: 3, runs })))
    if (opened === null) throw new Error('not opened')
    pair.alice = opened.session
    // Implicit rejection gives Alice a key that nobody else has: she fails closed.
    const frame = send(pair, 'alice', 'nobody reads this')
    expect(unchanged(pair.bob, () => decryptFrame(crypto, pair.bob, frame))).toBeNull()
    expect(sessionHealth(pair.alice).pqEpoch).toBe(0)
  })
})

describe('secrets of suite 2', () => {
  /** Talks until Alice offers and Bob answers. */
  function exchanging(): Pair {
    const pair = ready()
    while (coreOf(pair.bob).pq?.state.exchange.kind !== 'answering') {
      talk(pair, 'bob', 'b')
      talk(pair, 'alice', 'a')
    }
    return pair
  }

  function secretsOf(session: SessionState): Uint8Array[] {
    const state = coreOf(session).pq?.state
    if (state === undefined) throw new Error('not post-quantum')
    const secrets = [state.key, state.root]
    if (state.next !== null) secrets.push(state.next)
    const { exchange } = state
    if (exchange.kind === 'offering') secrets.push(mlKem768.exportSeed(exchange.privateKey))
    if (exchange.kind === 'answering' && exchange.rest.kind === 'pending')
      secrets.push(exchange.rest.pending.random)
    return secrets
  }

  it('hostile 49, attack: secrets searched for: neither a session in an exchange nor its prekeys show one', () => {
    const pair = exchanging()
    const { prekeys } = publish(device(), 2, crypto, postQuantum)
    const seeds = [...prekeys.signed, ...prekeys.oneTime].map((one) => {
      if (one.kem === null) throw new Error('no KEM prekey')
      return mlKem768.exportSeed(one.kem)
    })
    const secrets = [...seeds, ...secretsOf(pair.alice), ...secretsOf(pair.bob)]
    expect(secrets.length).toBe(3 + 3 + 4)
    const options = {
      depth: 20,
      showHidden: true,
      maxArrayLength: 5000,
      breakLength: Number.POSITIVE_INFINITY,
    }
    const text = [pair.alice, pair.bob, prekeys]
      .map((value) => `${inspect(value, options)} ${JSON.stringify(value)} ${String(value)}`)
      .join(' ')
      .replaceAll(/\s+/g, ' ')
    for (const secret of secrets) {
      const bytes = Buffer.from(secret)
      const start = [...secret.subarray(0, 8)]
      const forms = [bytes.toString('hex').slice(0, 32), bytes.toString('base64').slice(0, 20)]
      for (const form of [...forms, start.join(','), start.join(', ')]) expect(text).not.toContain(form)
    }
  })

  it('hostile 52: a generator that fails makes no offer, no handshake and no prekey, and harms no state', () => {
    const broken = createNobleCrypto({
      rng: () => {
        throw new Error('no entropy')
      },
    })
    const published = publish(device(), 1, crypto, postQuantum)
    const { owner, prekeys } = published
    const bundle = verified(published)
    const initiate = (): unknown =>
      initiateSession(broken, { keys: device().keys, bundle, now: NOW, pq: postQuantum })
    expect(codeOf(initiate)).toBe('crypto/rng-failed')
    expect(codeOf(() => generateOneTimePrekeys(broken, owner.keys, prekeys, 1))).toBe('crypto/rng-failed')
    const pair = newPqPair()
    for (let i = 0; i < 40; i++) {
      pair.alice = encryptFrame(crypto, pair.alice, { body: new Uint8Array(56), size: 128 }).session
    }
    const offer = (): unknown => encryptFrame(broken, pair.alice, { body: new Uint8Array(1), size: 2048 })
    expect(unchanged(pair.alice, () => codeOf(offer))).toBe('crypto/rng-failed')
    expect(send(pair, 'alice', 'with a good one', 2048).length).toBe(2048)
  })
})
