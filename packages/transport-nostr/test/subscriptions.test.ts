/** What relays are asked, and what becomes of it when they refuse, are silent, or lie. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createBoxKey, randomPut } from '@hyphae/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { nostr, nostrPool } from '../src/index.node.js'
import {
  CLOCK_TOLERANCE_SECONDS,
  KIND_GIFT_WRAP,
  MAX_BACKDATING_SECONDS,
  MAX_QUESTIONS,
  type NostrEvent,
  signEvent,
} from '../src/portable.js'
import { keyOf, nostr as primitives } from './support/keys.js'
import { components, startRelay } from './support/relay.js'
import { type Say, scriptedRelay } from './support/scripted.js'

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

async function real(...settings: Parameters<typeof startRelay>) {
  const started = await startRelay(...settings)
  ending.push(started.stop)
  return started
}

async function scripted(...script: Parameters<typeof scriptedRelay>) {
  const started = await scriptedRelay(...script)
  ending.push(started.stop)
  return started
}

async function carrierOf(...relays: { readonly url: string }[]) {
  const carrier = await nostr(relays.map(({ url }) => url))(components)
  ending.push(() => carrier.close())
  return carrier
}

function poolOf(server: { readonly url: string }) {
  const pool = nostrPool([server.url], components)
  ending.push(() => pool.close())
  return pool
}

const wrapTo = (p: string, created_at = Math.floor(Date.now() / 1000)): NostrEvent =>
  signEvent(primitives, keyOf(9), { kind: KIND_GIFT_WRAP, created_at, tags: [['p', p]], content: 'x' })

interface Question {
  readonly name: string
  readonly kinds?: number[]
  readonly since?: number
  readonly limit: number
  readonly '#p'?: string[]
}
const questionsIn = (heard: readonly unknown[][]): Question[] =>
  heard.flatMap(([kind, name, filter]) =>
    kind === 'REQ' ? [{ name, ...(filter as object) } as Question] : [],
  )

describe('boxes at a relay', () => {
  it('share a subscription, so that a hundred contacts do not ask for a hundred', async () => {
    const open = new Set<unknown>()
    let most = 0
    const server = await scripted(([kind, name], say) => {
      if (kind === 'CLOSE') open.delete(name)
      if (kind !== 'REQ') return
      open.add(name)
      most = Math.max(most, open.size)
      say('EOSE', name)
    })
    const { mailbox } = await carrierOf(server)
    const over = new AbortController()
    const watching = Array.from({ length: 100 }, async () => {
      for await (const _ of mailbox!.watch(createBoxKey(crypto), { signal: over.signal }));
    })
    const pages = (): number => questionsIn(server.heard).filter(({ limit }) => limit > 1).length
    await expect.poll(pages, { timeout: 5_000 }).toBe(100)
    expect(most).toBeLessThanOrEqual(1 + MAX_QUESTIONS)
    over.abort()
    await Promise.all(watching)
  })

  it('each get their own frames, whoever joined when', async () => {
    const server = await real()
    const [reader, writer] = [await carrierOf(server), await carrierOf(server)]
    const boxes = Array.from({ length: 12 }, () => createBoxKey(crypto))
    const puts = boxes.map(({ id }) => randomPut(crypto, id))
    await writer.mailbox!.put(puts.slice(0, 6))
    const readers = boxes.map((box) => reader.mailbox!.watch(box)[Symbol.asyncIterator]())
    const arrived = readers.map(async (frames) => (await frames.next()).value.frame as Uint8Array)
    await Promise.all(arrived.slice(0, 6))
    await writer.mailbox!.put(puts.slice(6))
    expect(await Promise.all(arrived)).toEqual(puts.map(({ frame }) => frame))
    await Promise.all(readers.map((frames) => frames.return?.()))
  })

  it('show keys that are points of the curve, and nothing that links two of them, their id or a person', async () => {
    const server = await real()
    const { mailbox } = await carrierOf(server)
    const boxes = Array.from({ length: 8 }, () => createBoxKey(crypto))
    await mailbox!.put(boxes.flatMap(({ id }) => [randomPut(crypto, id), randomPut(crypto, id)]))
    const seen = [...server.events.values()]
    const tags = seen.map(({ tags }) => tags.find(([name]) => name === 'p')?.[1] as string)
    expect(new Set(tags).size).toBe(boxes.length)
    // A string that is no point of the curve has no shared secret with anybody.
    for (const tag of tags)
      expect(() =>
        primitives.secp256k1.sharedX(new Uint8Array(32).fill(1), Buffer.from(tag, 'hex')),
      ).not.toThrow()
    const text = JSON.stringify(seen)
    for (const { id } of boxes) expect(text).not.toContain(Buffer.from(id).toString('hex'))
    for (const name of new Set([...tags, ...seen.map(({ pubkey }) => pubkey)]))
      expect(seen.filter(({ pubkey }) => pubkey === name).length).toBeLessThanOrEqual(1)
  })
})

describe('a relay that', () => {
  const person = 'a'.repeat(64)
  const filter = { kinds: [KIND_GIFT_WRAP], tags: { p: [person] } }

  it('was away is asked from before the last answer on, by as much as wraps are dated back', async () => {
    let socket: { terminate(): void } | undefined
    const server = await scripted(([kind, name], say, from) => {
      socket = from
      if (kind === 'REQ') say('EOSE', name)
    })
    const over = new AbortController()
    const watching = poolOf(server).watch(filter, { signal: over.signal })[Symbol.asyncIterator]()
    const next = watching.next()
    const pages = (): Question[] => questionsIn(server.heard).filter(({ limit }) => limit > 1)
    await expect.poll(() => pages().length).toBe(1)
    expect(pages()[0]?.since).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket?.terminate()
    await expect.poll(() => pages().length, { timeout: 5_000 }).toBe(2)
    const window = MAX_BACKDATING_SECONDS + CLOCK_TOLERANCE_SECONDS
    expect(Date.now() / 1000 - (pages()[1]?.since as number) - window).toBeLessThan(10)
    over.abort()
    await next
  })

  it('ends a subscription is asked again later, and what came meanwhile is not lost', async () => {
    const wrap = wrapTo(person)
    let refusals = 0
    const server = await scripted(([kind, name], say: Say) => {
      if (kind !== 'REQ') return
      if (refusals++ < 2) return say('CLOSED', name, 'error: too many concurrent subscriptions')
      say('EVENT', name, wrap)
      say('EOSE', name)
    })
    for await (const events of poolOf(server).watch(filter)) {
      expect(events).toEqual([wrap])
      break
    }
  })

  it('hostile 37: sends what was not asked for, too old or twice, gives each event once', async () => {
    const [wrap, other] = [wrapTo(person), wrapTo('b'.repeat(64))]
    const server = await scripted(([kind, name], say) => {
      if (kind !== 'REQ') return
      for (const event of [wrap, other, wrap]) say('EVENT', name, event)
      say('EOSE', name)
      say('EOSE', name)
      say('EVENT', name, wrap)
    })
    const got: NostrEvent[] = []
    const over = new AbortController()
    setTimeout(() => over.abort(), 200)
    for await (const events of poolOf(server).watch(filter, { signal: over.signal })) got.push(...events)
    expect(got).toEqual([wrap])
  })

  it('hostile 37: says OK and keeps nothing is made good by another', async () => {
    const liar = await scripted(([kind, event], say) => {
      if (kind === 'EVENT') say('OK', (event as NostrEvent).id, true, '')
      if (kind === 'REQ') say('EOSE', event)
    })
    const honest = await real()
    const [reader, writer] = [await carrierOf(liar, honest), await carrierOf(liar, honest)]
    const box = createBoxKey(crypto)
    const puts = Array.from({ length: 5 }, () => randomPut(crypto, box.id))
    await writer.mailbox!.put(puts)
    const got: Uint8Array[] = []
    for await (const { frame } of reader.mailbox!.watch(box)) if (got.push(frame) === puts.length) break
    expect(new Set(got.map((frame) => Buffer.from(frame).toString('hex'))).size).toBe(puts.length)
  })
})
