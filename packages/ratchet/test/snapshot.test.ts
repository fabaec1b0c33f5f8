import { describe, expect, it } from 'vitest'
import { decodeSession, encodeSession, MAX_SKIPPED_KEYS, type SessionState } from '../src/index.js'
import { codeOf, crypto, newPair, receive, send, sendMany, talk, talkedPair } from './support.js'

const back = (session: SessionState): SessionState => decodeSession(crypto, encodeSession(session))

describe('session snapshot', () => {
  it('is at most 400 bytes without skipped messages, in every phase', () => {
    const pair = newPair()
    const sizes = [encodeSession(pair.alice).length, encodeSession(pair.bob).length]
    talk(pair, 'alice', 'one')
    talk(pair, 'bob', 'two')
    sizes.push(encodeSession(pair.alice).length, encodeSession(pair.bob).length)
    expect(sizes).toEqual([333, 301, 301, 400])
  })

  it('brings back a session that goes on as the original would', () => {
    const pair = newPair()
    for (let round = 0; round < 6; round++) {
      const early = send(pair, 'alice', 'early')
      pair.alice = back(pair.alice)
      expect(talk(pair, 'alice', 'late')).toBe('late')
      pair.bob = back(pair.bob)
      expect(receive(pair, 'bob', early)).toBe('early')
      expect(talk(pair, 'bob', 'answer')).toBe('answer')
      pair.bob = back(pair.bob)
    }
    expect(back(pair.alice).id).toEqual(pair.bob.id)
    expect(back(pair.alice).mailboxSecret).toEqual(pair.bob.mailboxSecret)
    expect(back(pair.bob)).toMatchObject({ role: 'responder', createdAt: pair.bob.createdAt })
    expect(back(pair.bob).peer).toEqual(pair.bob.peer)
  })

  it('does not share memory with its input', () => {
    const bytes = encodeSession(talkedPair().bob)
    const input = Uint8Array.from(bytes)
    const session = decodeSession(crypto, input)
    input.fill(0)
    expect(encodeSession(session)).toEqual(bytes)
  })

  it('holds at most the cap of skipped messages', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 3)
    receive(pair, 'bob', frames[2] as Uint8Array)
    const bytes = encodeSession(pair.bob)
    expect(bytes.length).toBe(301 + 2 + 2 * 92)
    const entry = bytes.subarray(bytes.length - 92)
    const stuffed = Buffer.concat([
      bytes.subarray(0, 301),
      Uint8Array.of((MAX_SKIPPED_KEYS + 1) & 0xff, (MAX_SKIPPED_KEYS + 1) >> 8),
      ...Array.from({ length: MAX_SKIPPED_KEYS + 1 }, () => entry),
    ])
    expect(codeOf(() => decodeSession(crypto, stuffed))).toBe('ratchet/bad-snapshot')
  })

  it('hostile 53: a snapshot of another version, or one that is no snapshot, is refused whole', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 3)
    receive(pair, 'bob', frames[2] as Uint8Array)
    const bytes = encodeSession(pair.bob)
    const first = bytes[0] as number
    for (let version = 0; version < 16; version++) {
      const other = Uint8Array.from(bytes)
      other[0] = (version << 4) | (first & 0xf)
      expect(codeOf(() => decodeSession(crypto, other))).toBe(
        version === 1 ? 'no error' : 'ratchet/unsupported-version',
      )
    }
    for (let flags = 0; flags < 16; flags++) {
      const other = Uint8Array.from(bytes)
      other[0] = (1 << 4) | flags
      // The role alone may be exchanged without changing the layout.
      const same = (flags | 1) === ((first & 0xf) | 1)
      expect(codeOf(() => decodeSession(crypto, other))).toBe(same ? 'no error' : 'ratchet/bad-snapshot')
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodeSession(crypto, bytes.subarray(0, length)))).toBe('ratchet/bad-snapshot')
    }
    expect(codeOf(() => decodeSession(crypto, Uint8Array.from([...bytes, 0])))).toBe('ratchet/bad-snapshot')
  })

  it('refuses states that cannot be: no receiving chain but an answer due, a responder that never received', () => {
    const fresh = Uint8Array.from(encodeSession(newPair().alice))
    const due = encodeSession(newPair().bob).subarray(0, 167 + 67)
    for (const [bytes, flags] of [
      [fresh, 1],
      [due, 2],
      [due, 3],
    ] as const) {
      const copy = Uint8Array.from(bytes)
      copy[0] = (1 << 4) | flags
      expect(codeOf(() => decodeSession(crypto, copy))).toBe('ratchet/bad-snapshot')
    }
  })

  it('refuses a list of skipped messages that is present and empty', () => {
    const bytes = encodeSession(talkedPair().bob)
    const flagged = Uint8Array.from([...bytes, 0, 0])
    flagged[0] = (bytes[0] as number) | 8
    expect(codeOf(() => decodeSession(crypto, flagged))).toBe('ratchet/bad-snapshot')
  })

  it('hostile 12: a snapshot with a small-order or non-canonical public key is refused', () => {
    const pair = talkedPair()
    talk(pair, 'bob', 'turn')
    // Peer agreement key; own ratchet public key in a ready state; the peer's ratchet key in a due one.
    for (const [session, offset] of [
      [pair.bob, 103],
      [pair.bob, 199],
      [pair.alice, 167],
    ] as const) {
      const bytes = Uint8Array.from(encodeSession(session))
      bytes.fill(0, offset, offset + 32)
      expect(codeOf(() => decodeSession(crypto, bytes))).toBe('ratchet/bad-snapshot')
    }
  })
})
