import { describe, expect, it, vi } from 'vitest'
import {
  conversationKey,
  conversationKeys,
  encrypt44,
  generateNostrKey,
  giftWrap,
  KIND_CHAT,
  KIND_GIFT_WRAP,
  KIND_SEAL,
  MAX_BACKDATING_SECONDS,
  MAX_CONVERSATION_KEYS,
  makeRumor,
  type NostrEvent,
  type NostrKey,
  type Rumor,
  signEvent,
  unwrapGift,
} from '../src/index.js'
import { keyOf, keys, nostr } from './support/keys.js'

const ada = keyOf(1)
const ben = keyOf(2)
const eve = keyOf(3)
const NOW = 1_800_000_000

function rumorOf(author: NostrKey): Rumor {
  return makeRumor(nostr, author.publicKey, {
    kind: KIND_CHAT,
    created_at: NOW,
    tags: [['p', ben.publicKey]],
    content: 'the door is open',
  })
}

const wrapped = (): NostrEvent =>
  giftWrap(nostr, { author: ada, recipient: ben.publicKey, rumor: rumorOf(ada), now: NOW, keys })

/** A wrap around whatever is in it, as an attacker would make it. */
function forge(seal: unknown): NostrEvent {
  const once = generateNostrKey(nostr)
  return signEvent(nostr, once, {
    kind: KIND_GIFT_WRAP,
    created_at: NOW,
    tags: [['p', ben.publicKey]],
    content: encrypt44(nostr, conversationKey(nostr, once, ben.publicKey), JSON.stringify(seal)),
  })
}

function sealed(
  author: NostrKey,
  inside: unknown,
  tags: string[][] = [],
  kind: number = KIND_SEAL,
): NostrEvent {
  const content = encrypt44(nostr, keys.with(author, ben.publicKey), JSON.stringify(inside))
  return signEvent(nostr, author, { kind, created_at: NOW, tags, content })
}

const open = (event: unknown): unknown => unwrapGift(nostr, { own: ben, keys }, event)
const refusal = (code: string): unknown => expect.objectContaining({ code })

describe('conversation keys', () => {
  it('are derived once for a peer, and again when a thousand others came between', () => {
    const sharedX = vi.fn(nostr.secp256k1.sharedX)
    const kept = conversationKeys({ ...nostr, secp256k1: { ...nostr.secp256k1, sharedX } })
    const first = kept.with(ada, ben.publicKey)
    expect(kept.with(ada, ben.publicKey)).toBe(first)
    expect(sharedX).toHaveBeenCalledTimes(1)
    sharedX.mockReturnValue(new Uint8Array(32))
    for (let i = 0; i < MAX_CONVERSATION_KEYS; i++) kept.with(ada, i.toString(16).padStart(64, '0'))
    kept.with(ada, ben.publicKey)
    expect(sharedX).toHaveBeenCalledTimes(MAX_CONVERSATION_KEYS + 2)
  })
})

describe('gift wraps', () => {
  it('bring the rumor to the recipient, and to nobody else', () => {
    const wrap = wrapped()
    expect(open(wrap)).toEqual({ rumor: rumorOf(ada), wrapId: wrap.id })
    expect(unwrapGift(nostr, { own: eve, keys }, wrap)).toBeNull()
  })

  it('show the relay a one-time key, the recipient and a time up to two days back', () => {
    const first = wrapped()
    const second = wrapped()
    expect(first.pubkey).not.toBe(second.pubkey)
    expect(first.tags).toEqual([['p', ben.publicKey]])
    expect(JSON.stringify(first)).not.toContain(ada.publicKey)
    for (const { created_at } of Array.from({ length: 20 }, wrapped)) {
      expect(created_at).toBeLessThanOrEqual(NOW)
      expect(created_at).toBeGreaterThan(NOW - MAX_BACKDATING_SECONDS)
    }
  })

  it('are not made for the rumor of another', () => {
    const attempt = (): unknown =>
      giftWrap(nostr, { author: eve, recipient: ben.publicKey, rumor: rumorOf(ada), now: NOW, keys })
    expect(attempt).toThrow(refusal('nostr/bad-wrap'))
  })

  it('hostile 43: a rumor in the name of somebody else is refused', () => {
    expect(() => open(forge(sealed(eve, rumorOf(ada))))).toThrow(refusal('nostr/bad-wrap'))
  })

  it('hostile 43: what is wrong in one wrap leaves the batch whole', () => {
    const batch = [wrapped(), forge(sealed(eve, rumorOf(ada))), wrapped()]
    const read = batch.map((event) => {
      try {
        return open(event) === null ? 'not mine' : 'read'
      } catch {
        return 'refused'
      }
    })
    expect(read).toEqual(['read', 'refused', 'read'])
  })

  it('hostile 42: altered, re-signed, retagged and hollow wraps are refused', () => {
    const wrap = wrapped()
    const genuine = sealed(ada, rumorOf(ada))
    expect(() => open({ ...wrap, created_at: wrap.created_at - 1 })).toThrow(refusal('nostr/forged-event'))
    expect(() => open(forge({ ...genuine, created_at: genuine.created_at - 1 }))).toThrow(
      refusal('nostr/forged-event'),
    )
    expect(() => open(forge(sealed(ada, rumorOf(ada), [['p', ben.publicKey]])))).toThrow(
      refusal('nostr/bad-wrap'),
    )
    expect(() => open(forge(sealed(ada, rumorOf(ada), [], 1)))).toThrow(refusal('nostr/bad-wrap'))
    expect(() => open(forge(sealed(ada, { ...rumorOf(ada), content: 'closed' })))).toThrow(
      refusal('nostr/bad-event'),
    )
    expect(() => open(forge(rumorOf(ada)))).toThrow(refusal('nostr/bad-event'))
    expect(
      open(signEvent(nostr, ada, { kind: 1, created_at: NOW, tags: [['p', ben.publicKey]], content: '' })),
    ).toBeNull()
  })
})
