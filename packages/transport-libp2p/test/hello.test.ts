import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { encodeHello, readHello, signBinding } from '../src/hello.js'
import { announcementAddress, openAnnouncement, signAnnouncement } from '../src/index.node.js'

describe('a hello', () => {
  const identity = crypto.ed25519.generate()
  const peerId = crypto.randomBytes(38)
  const hello = encodeHello(signBinding(crypto, identity, peerId), 7)

  it('names the device that has signed the peer id', () => {
    expect(readHello(crypto, peerId, hello)).toEqual({ device: toHex(identity.publicKey), streams: 7 })
  })

  it('hostile 19: holds for no other peer id, and not when a byte of it differs', () => {
    expect(() => readHello(crypto, crypto.randomBytes(38), hello)).toThrow(/protocol/)
    for (let at = 0; at < 96; at++) {
      const altered = hello.slice()
      altered[at] = (altered[at] as number) ^ 1
      expect(() => readHello(crypto, peerId, altered)).toThrow(/protocol/)
    }
    for (let end = 0; end < hello.length; end++)
      expect(() => readHello(crypto, peerId, hello.subarray(0, end))).toThrow(/protocol/)
  })
})

describe('an announcement', () => {
  const identity = crypto.ed25519.generate()
  const device = toHex(identity.publicKey)
  const said = {
    time: 1_700_000_000_000,
    addresses: ['/ip4/127.0.0.1/tcp/1/p2p/a', '/ip4/10.0.0.1/tcp/2/p2p/a'],
  }
  const record = signAnnouncement(crypto, identity, said)

  it('says to who knows the device where it is', () => {
    expect(openAnnouncement(crypto, device, record)).toEqual(said)
    expect(record.address).toEqual(announcementAddress(crypto, identity.publicKey))
    expect(record.sequence).toBe(said.time)
  })

  it('says nothing to anybody else, and its size little', () => {
    const other = toHex(crypto.ed25519.generate().publicKey)
    expect(openAnnouncement(crypto, other, record)).toBeNull()
    const shorter = signAnnouncement(crypto, identity, { ...said, addresses: [] })
    expect(shorter.body.length).toBe(record.body.length)
    const text = toHex(record.body) + toHex(record.writer) + toHex(record.address)
    expect(text).not.toContain(device)
  })

  it('replaces what the same device said before: the writer is the same', () => {
    const later = signAnnouncement(crypto, identity, { ...said, time: said.time + 1 })
    expect(later.writer).toEqual(record.writer)
  })

  it('hostile 45: is believed from the device alone, and not when a byte of it differs', () => {
    for (let at = 0; at < record.body.length; at += 7) {
      const body = record.body.slice()
      body[at] = (body[at] as number) ^ 1
      expect(openAnnouncement(crypto, device, { body })).toBeNull()
    }
    for (let end = 0; end < record.body.length; end += 11)
      expect(openAnnouncement(crypto, device, { body: record.body.subarray(0, end) })).toBeNull()
    // Who knows the device id can seal, but not sign: the statement of another device under this one's key.
    const thief = crypto.ed25519.generate()
    const own = signAnnouncement(crypto, thief, said)
    expect(openAnnouncement(crypto, device, own)).toBeNull()
  })

  it('hostile 48: counts by its own time, whatever the clock of who reads it says', () => {
    const past = signAnnouncement(crypto, identity, { ...said, time: 1 })
    const future = signAnnouncement(crypto, identity, { ...said, time: 4_000_000_000_000 })
    expect(openAnnouncement(crypto, device, past)?.time).toBe(1)
    expect(openAnnouncement(crypto, device, future)?.time).toBe(4_000_000_000_000)
  })
})
