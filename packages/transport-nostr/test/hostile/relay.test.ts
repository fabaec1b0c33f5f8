import { silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createNostr, nostrPool } from '../../src/index.node.js'
import {
  generateNostrKey,
  MAX_RELAY_MESSAGE_BYTES,
  MAX_WAITING_EVENTS,
  type NostrEvent,
  type NostrOptions,
  type NostrPool,
  PAGE_EVENTS,
  PROBE_TIMEOUT_MS,
  type Secp256k1,
  SILENCE_MS,
  signEvent,
  tagValue,
  verifyEvent,
  type WebSocketLike,
} from '../../src/portable.js'
import { keyOf, nostr } from '../support/keys.js'
import { components } from '../support/relay.js'
import { type Say, type ScriptedRelay, scriptedRelay } from '../support/scripted.js'

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function relay(...script: Parameters<typeof scriptedRelay>): Promise<ScriptedRelay> {
  const started = await scriptedRelay(...script)
  ending.push(started.stop)
  return started
}

function poolOf(server: { readonly url: string }, options: NostrOptions = {}): NostrPool {
  const pool = nostrPool([server.url], components, options)
  ending.unshift(pool.close)
  return pool
}

const ada = keyOf(1)
const note = (content: string, kind = 1, key = ada): NostrEvent =>
  signEvent(nostr, key, { kind, created_at: 1_700_000_000, tags: [], content })
const filter = { kinds: [1], authors: [ada.publicKey] }

/** Answers each subscription with these events. */
const storing =
  (...events: unknown[]) =>
  (message: unknown[], say: Say): void => {
    if (message[0] !== 'REQ') return
    for (const event of events) say('EVENT', message[1], event)
    say('EOSE', message[1])
  }

describe('a relay that lies', () => {
  it('hostile 42: forged, altered, malformed and off-filter events are dropped, the others kept', async () => {
    const good = note('good')
    const server = await relay(
      storing(
        { ...note('forged'), sig: 'a'.repeat(128) },
        { ...note('altered'), content: 'changed' },
        note('of another kind', 7),
        note('of another author', 1, keyOf(2)),
        null,
        { ...note('malformed'), tags: 'none' },
        good,
      ),
    )
    expect(await poolOf(server).query(filter)).toEqual([good])
  })

  it('hostile 42: a forgery that comes first does not hide the event whose id it claims', async () => {
    const good = note('good')
    const server = await relay(storing({ ...good, content: 'evil' }, good))
    for await (const events of poolOf(server).watch(filter)) {
      expect(events).toEqual([good])
      break
    }
  })

  it('is not believed when it speaks of subscriptions and events that are not ours, or nonsense', async () => {
    const good = note('good')
    const server = await relay((message, say, socket) => {
      say('EVENT', 'other', note('unasked'))
      say('EOSE', '__proto__')
      say('OK', good.id, true, '')
      say('CLOSED', 'constructor', 'error: no')
      say('BANANA', 1, 2)
      say()
      socket.send('{"not": "an array"')
      socket.send('null')
      storing(good)(message, say)
    })
    expect(await poolOf(server).query(filter)).toEqual([good])
  })

  it('hostile 2: loses its connection for a message that is too long, or binary', async () => {
    for (const message of ['x'.repeat(MAX_RELAY_MESSAGE_BYTES + 1), new Uint8Array(8)]) {
      let first = true
      const good = note('good')
      const server = await relay((asked, say, socket) => {
        if (first) socket.send(message)
        else storing(good)(asked, say)
        first = false
      })
      expect(await poolOf(server).query(filter)).toEqual([good])
      expect(server.connections()).toBe(2)
    }
  })

  it('says why it refuses: for good, or for now', async () => {
    for (const [reason, code] of [
      ['blocked: no', 'nostr/refused'],
      ['pow: 20 bits', 'nostr/refused'],
      ['rate-limited: slow down', 'nostr/unreachable'],
      ['error: disk', 'nostr/unreachable'],
    ]) {
      const server = await relay(([kind, event], say) => {
        if (kind === 'EVENT') say('OK', (event as NostrEvent).id, false, reason)
      })
      await expect(poolOf(server).publish(note('hello'))).rejects.toMatchObject({ code })
    }
  })
})

describe('a relay that asks who reads (NIP-42)', () => {
  it('is told, and asked again for everything', async () => {
    const stored = note('stored')
    const auth = generateNostrKey(nostr)
    let known = false
    const server = await relay((message, say) => {
      const [kind, value] = message
      if (kind === 'AUTH') {
        const event = verifyEvent(nostr, value) as NostrEvent
        known =
          event.kind === 22242 && event.pubkey === auth.publicKey && tagValue(event, 'challenge') === 'c1'
        say('OK', event.id, known, '')
      } else if (kind === 'EVENT') {
        say('OK', (value as NostrEvent).id, known, known ? '' : 'auth-required: who are you')
      } else if (kind === 'REQ' && !known) {
        say('CLOSED', value, 'auth-required: who are you')
        say('AUTH', 'c1')
      } else storing(stored)(message, say)
    })
    const pool = poolOf(server, { auth })
    const reading = pool.query(filter)
    await pool.publish(note('hello'))
    expect(await reading).toEqual([stored])
    const asked = server.heard.find(([kind]) => kind === 'AUTH')?.[1] as NostrEvent
    expect(tagValue(asked, 'relay')).toBe(`${server.url}/`)
  })

  it('refuses who has no key to show', async () => {
    const server = await relay(([kind, value], say) => {
      if (kind === 'EVENT') say('OK', (value as NostrEvent).id, false, 'auth-required: who are you')
    })
    await expect(poolOf(server).publish(note('hello'))).rejects.toMatchObject({ code: 'nostr/refused' })
  })
})

/** Signatures that cost nothing, for tests that need thousands. */
const cheap: Secp256k1 = {
  ...nostr.secp256k1,
  sign: () => new Uint8Array(64),
  verify: () => true,
}

describe('a reader', () => {
  it('hostile 41: that does not read holds a bounded number of events, and still gets all', async () => {
    const fast = createNostr(nostr.crypto, cheap)
    const total = MAX_WAITING_EVENTS + 700
    const events = Array.from({ length: total }, (_, i) =>
      signEvent(fast, ada, { kind: 1, created_at: 1_700_000_000 + i, tags: [], content: String(i) }),
    )
    const server = await relay((message, say) => {
      const [kind, name, asked] = message as [string, string, { limit: number; until?: number }]
      if (kind !== 'REQ') return
      const found = events.filter(({ created_at }) => created_at <= (asked.until ?? Infinity))
      for (const event of found.slice(-Math.min(asked.limit, PAGE_EVENTS)).reverse())
        say('EVENT', name, event)
      say('EOSE', name)
    })
    const got: string[] = []
    for await (const batch of poolOf(server, { nostr: fast }).watch(filter)) {
      expect(batch.length).toBeLessThanOrEqual(MAX_WAITING_EVENTS)
      got.push(...batch.map(({ content }) => content))
      if (got.length >= total) break
    }
    expect(got).toEqual(events.map(({ content }) => content))
  })

  it('notices a connection that died while the machine slept, and opens another', async () => {
    const clock = virtualClock()
    const sockets: SilentSocket[] = []
    class SilentSocket implements WebSocketLike {
      onopen: ((event: never) => void) | null = null
      onmessage: ((event: never) => void) | null = null
      onerror: ((event: never) => void) | null = null
      onclose: ((event: never) => void) | null = null
      readonly sent: string[] = []
      constructor() {
        sockets.push(this)
        queueMicrotask(() => this.onopen?.({} as never))
      }
      send(data: string): void {
        this.sent.push(data)
      }
      // A dead connection does not say that it is closed.
      close(): void {}
    }
    const options = { WebSocket: SilentSocket, random: () => 0.5 }
    const pool = nostrPool(['ws://relay.test'], { clock, logger: silentLogger }, options)
    const watching = pool.watch(filter)[Symbol.asyncIterator]()
    const next = watching.next()
    await clock.advance(SILENCE_MS)
    expect(sockets).toHaveLength(1)
    expect(sockets[0]?.sent.at(-1)).toContain('"probe"')
    await clock.advance(PROBE_TIMEOUT_MS + 1_000)
    expect(sockets).toHaveLength(2)
    const event = note('after the night')
    const [, name] = JSON.parse(sockets[1]?.sent[0] as string)
    const say = (...message: unknown[]): void =>
      sockets[1]?.onmessage?.({ data: JSON.stringify(message) } as never)
    say('EOSE', name)
    await clock.advance(0)
    const [, page] = JSON.parse(sockets[1]?.sent.at(-1) as string)
    expect(page).not.toBe(name)
    say('EVENT', page, event)
    say('EOSE', page)
    expect((await next).value).toEqual([event])
    await watching.return?.()
    await pool.close()
  })

  it('hostile 54: waits longer after each failure, and not as long as others', async () => {
    const clock = virtualClock()
    const dialled: number[] = []
    class RefusingSocket implements WebSocketLike {
      onopen: ((event: never) => void) | null = null
      onmessage: ((event: never) => void) | null = null
      onerror: ((event: never) => void) | null = null
      onclose: ((event: never) => void) | null = null
      constructor() {
        dialled.push(clock.now())
        queueMicrotask(() => this.onclose?.({} as never))
      }
      send(): void {}
      close(): void {}
    }
    const options = { WebSocket: RefusingSocket, random: () => 1 }
    const pool = nostrPool(['ws://relay.test'], { clock, logger: silentLogger }, options)
    const watching = pool.watch(filter)[Symbol.asyncIterator]()
    void watching.next()
    await clock.advance(120_000)
    const pauses = dialled.slice(1).map((at, i) => at - (dialled[i] as number))
    expect(pauses.length).toBeGreaterThan(4)
    expect(pauses.length).toBeLessThan(20)
    for (const [i, pause] of pauses.slice(1).entries())
      expect(pause).toBeGreaterThanOrEqual(pauses[i] as number)
    expect(pauses.at(-1)).toBe(30_000)
    await pool.close()
  })
})
