import { inspect } from 'node:util'
import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it, vi } from 'vitest'
import {
  decodeNote,
  decodeNprofile,
  decodeNpub,
  decodeNsec,
  encodeNpub,
  encodeNsec,
  exportNostrKey,
  generateNostrKey,
  importNostrKey,
  MAX_TAGS,
  type NostrEvent,
  parseJson,
  readEvent,
  signEvent,
  verifyEvent,
} from '../src/index.js'
import { keyOf, nostr } from './support/keys.js'

const ada = keyOf(1)
const template = {
  kind: 1,
  created_at: 1_700_000_000,
  tags: [['t', 'mushrooms']],
  content: 'hello "there"\n',
}
const signed = (): NostrEvent => signEvent(nostr, ada, template)

describe('events', () => {
  it('verify as they were signed, through JSON and back', () => {
    const event = signed()
    expect(verifyEvent(nostr, JSON.parse(JSON.stringify(event)))).toEqual(event)
  })

  it("are signed by the key of BIP-340's first test vectors under the public key named there", () => {
    const secret = fromHex('b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef')
    const { pubkey } = signEvent(nostr, importNostrKey(nostr, secret), template)
    expect(pubkey).toBe('dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659')
  })

  it('hostile 42: any field altered makes a forgery, also in a spread copy of a verified event', () => {
    const event = verifyEvent(nostr, signed()) as NostrEvent
    const others = {
      id: `${'0'.repeat(63)}1`,
      pubkey: keyOf(2).publicKey,
      created_at: template.created_at + 1,
      kind: 2,
      tags: [],
      content: 'hello there',
      sig: toHex(fromHex(event.sig).map((byte, i) => (i === 0 ? byte ^ 1 : byte))),
    }
    for (const [field, value] of Object.entries(others)) {
      expect(verifyEvent(nostr, { ...event, [field]: value }), field).toBeNull()
    }
  })

  it('hostile 42: a verdict is a copy that later changes do not reach', () => {
    const value = JSON.parse(JSON.stringify(signed()))
    const event = verifyEvent(nostr, value) as NostrEvent
    value.content = 'altered'
    value.tags[0][1] = 'altered'
    expect(event.content).toBe(template.content)
    expect(event.tags).toEqual(template.tags)
    expect(() => Object.assign(event, { content: 'altered' })).toThrow(TypeError)
    expect(() => Object.assign(event.tags[0] as object, { 1: 'altered' })).toThrow(TypeError)
    expect(() => (event.tags as string[][]).push(['altered'])).toThrow(TypeError)
  })

  it('are verified once: the value that came out is known, no copy of it is', () => {
    const verify = vi.fn(nostr.secp256k1.verify)
    const watched = { ...nostr, secp256k1: { ...nostr.secp256k1, verify } }
    const event = verifyEvent(watched, JSON.parse(JSON.stringify(signed()))) as NostrEvent
    expect(verifyEvent(watched, event)).toBe(event)
    expect(verify).toHaveBeenCalledTimes(1)
    expect(verifyEvent(watched, { ...event })).toEqual(event)
    expect(verifyEvent(watched, Object.create(event))).toEqual(event)
    expect(verify).toHaveBeenCalledTimes(3)
  })

  it('hostile 6: only the fields of an event are taken over', () => {
    const text = JSON.stringify(signed()).replace(
      '{',
      '{"__proto__":{"admin":true},"constructor":1,"verified":true,',
    )
    const event = readEvent(parseJson(text))
    expect(Object.keys(event).sort()).toEqual([
      'content',
      'created_at',
      'id',
      'kind',
      'pubkey',
      'sig',
      'tags',
    ])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each([
    ['no object', null],
    ['an upper-case id', { id: 'A'.repeat(64) }],
    ['a short signature', { sig: '00' }],
    ['a fraction of a second', { created_at: 0.5 }],
    ['a negative time', { created_at: -1 }],
    ['a kind beyond 65,535', { kind: 65_536 }],
    ['a tag that is no list', { tags: ['t'] }],
    ['a tag with a number', { tags: [['t', 1]] }],
    ['too many tags', { tags: Array.from({ length: MAX_TAGS + 1 }, () => ['t']) }],
    ['content that is no text', { content: 1 }],
  ])('refuses %s', (_what, change) => {
    const value = change === null ? null : { ...signed(), ...change }
    expect(() => readEvent(value)).toThrow(expect.objectContaining({ code: 'nostr/bad-event' }))
  })

  it('refuses text that is no JSON, or too long', () => {
    for (const text of ['', '{', 'x'.repeat(10), '"'.repeat(1_000_000)])
      expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 'nostr/bad-event' }))
  })
})

describe('keys', () => {
  it('show no secret', () => {
    const secret = fromHex('c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9')
    const key = importNostrKey(nostr, secret)
    for (const shown of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key)])
      expect(shown).not.toContain(toHex(secret))
    expect(exportNostrKey(key)).toEqual(secret)
  })

  it('are refused outside 1 … n − 1, without naming the secret', () => {
    for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(31).fill(1)]) {
      let caught: unknown
      try {
        importNostrKey(nostr, bad)
      } catch (error) {
        caught = error
      }
      expect(caught).toMatchObject({ code: 'nostr/bad-key' })
      expect(caught).not.toHaveProperty('cause')
    }
  })

  it('hostile 52: a generator that fails makes no key', () => {
    const broken = {
      ...nostr,
      crypto: {
        ...nostr.crypto,
        randomBytes: (): Uint8Array => {
          throw new Error('no entropy')
        },
      },
    }
    expect(() => generateNostrKey(broken)).toThrow('no entropy')
  })

  it('of others are not signed with', () => {
    const foreign = { kind: 'nostr' as const, publicKey: ada.publicKey }
    expect(() => signEvent(nostr, foreign, template)).toThrow(
      expect.objectContaining({ code: 'nostr/foreign-key' }),
    )
  })
})

describe('NIP-19', () => {
  const hex = '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e'
  const npub = 'npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg'
  const nsec = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5'
  const secret = '67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa'

  it('reads and writes the examples of the specification', () => {
    expect(decodeNpub(npub)).toBe(hex)
    expect(encodeNpub(hex)).toBe(npub)
    expect(toHex(decodeNsec(nsec))).toBe(secret)
    expect(encodeNsec(fromHex(secret))).toBe(nsec)
    const profile =
      'nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p'
    expect(decodeNprofile(profile)).toEqual({
      publicKey: '3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d',
      relays: ['wss://r.x.com', 'wss://djbas.sadkb.com'],
    })
  })

  it('refuses other names and typing errors, without repeating a secret', () => {
    expect(() => decodeNpub(nsec)).toThrow(expect.objectContaining({ code: 'nostr/bad-text' }))
    expect(() => decodeNote(npub)).toThrow(expect.objectContaining({ code: 'nostr/bad-text' }))
    const typo = nsec.replace('vl029', 'vl028')
    let caught: unknown
    try {
      decodeNsec(typo)
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({ code: 'nostr/bad-text' })
    expect(inspect(caught, { depth: 9 })).not.toContain('vl028')
  })
})
