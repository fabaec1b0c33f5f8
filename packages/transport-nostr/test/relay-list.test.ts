import { afterEach, describe, expect, it } from 'vitest'
import {
  KIND_MESSAGE_RELAYS,
  MAX_LISTED_RELAYS,
  messageRelaysOf,
  messageRelaysTemplate,
  type NostrPool,
  nostrPool,
  readMessageRelays,
  readRelayList,
  relayListOf,
  relayListTemplate,
  signEvent,
} from '../src/index.node.js'
import { keyOf, nostr } from './support/keys.js'
import { components, startRelay } from './support/relay.js'

const [ada, ben] = [keyOf(1), keyOf(2)]
const NOW = 1_700_000_000

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function poolOfOne(): Promise<NostrPool> {
  const relay = await startRelay()
  const pool = nostrPool([relay.url], components)
  running.push({ stop: () => pool.close() }, relay)
  return pool
}

describe('lists of relays', () => {
  it('L1: are read as they were written', () => {
    const relays = [
      { url: 'wss://both.example/', read: true, write: true },
      { url: 'wss://inbox.example/', read: true, write: false },
      { url: 'wss://outbox.example/path', read: false, write: true },
    ]
    const event = signEvent(nostr, ada, relayListTemplate(relays, NOW))
    expect(event.kind).toBe(10002)
    expect(event.tags).toEqual([
      ['r', 'wss://both.example/'],
      ['r', 'wss://inbox.example/', 'read'],
      ['r', 'wss://outbox.example/path', 'write'],
    ])
    expect(readRelayList(event)).toEqual(relays)
    const messages = signEvent(nostr, ada, messageRelaysTemplate(['wss://inbox.example'], NOW))
    expect(messages.tags).toEqual([['relay', 'wss://inbox.example/']])
    expect(readMessageRelays(messages)).toEqual(['wss://inbox.example/'])
  })

  it('hostile 1: L2: what is no relay in a list is passed over, copies too, and only so many count', () => {
    const many = Array.from({ length: 100 }, (_, i) => ['relay', `wss://many.example/${i}`])
    const tags = [
      ['relay'],
      ['relay', 'https://page.example'],
      ['relay', 'wss://me:secret@relay.example'],
      ['relay', 'not a url'],
      ['r', 'wss://of.another.kind'],
      ['relay', 'wss://one.example'],
      ['relay', 'wss://one.example/'],
      ...many,
    ]
    const event = signEvent(nostr, ada, { kind: KIND_MESSAGE_RELAYS, created_at: NOW, tags, content: '' })
    const urls = readMessageRelays(event)
    expect(urls[0]).toBe('wss://one.example/')
    expect(urls[1]).toBe('wss://many.example/0')
    expect(urls.length).toBe(MAX_LISTED_RELAYS)
    const odd = { kind: 10002, created_at: NOW, tags: [['r', 'wss://one.example', 'sometimes']], content: '' }
    expect(readRelayList(signEvent(nostr, ada, odd))).toEqual([])
  })

  it('are not made of what is no relay, of none, or of too many', () => {
    const bad = expect.objectContaining({ code: 'nostr/bad-url' })
    for (const urls of [
      [],
      ['https://page.example'],
      ['wss://a.example/#x'],
      Array(17).fill('wss://a.example'),
    ])
      expect(() => messageRelaysTemplate(urls, NOW)).toThrow(bad)
    const unused = { url: 'wss://a.example', read: false, write: false }
    expect(() => relayListTemplate([unused], NOW)).toThrow(bad)
  })

  it('L3: the newest of a person counts, and nobody speaks for another', async () => {
    const pool = await poolOfOne()
    const list = (author: typeof ada, url: string, now: number): Promise<void> =>
      pool.publish(signEvent(nostr, author, messageRelaysTemplate([url], now)))
    await list(ada, 'wss://new.example', NOW + 5)
    await list(ada, 'wss://old.example', NOW).catch(() => {})
    await list(ben, 'wss://ben.example', NOW + 9)
    expect(await messageRelaysOf(pool, ada.publicKey)).toEqual(['wss://new.example/'])
    const both = { url: 'wss://both.example', read: true, write: true }
    await pool.publish(signEvent(nostr, ben, relayListTemplate([both], NOW)))
    expect(await relayListOf(pool, ben.publicKey)).toEqual([{ ...both, url: 'wss://both.example/' }])
    expect(await relayListOf(pool, ada.publicKey)).toEqual([])
  })

  it('L4: where there is no list for private messages, it is said, and nothing is sent', async () => {
    const pool = await poolOfOne()
    await expect(messageRelaysOf(pool, ada.publicKey)).rejects.toMatchObject({
      code: 'nostr/no-message-relays',
    })
  })
})
