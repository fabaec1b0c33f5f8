import { defaultCrypto as crypto } from '@hyphae/crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { nostrPerson, nostrPool } from '../src/index.node.js'
import {
  encrypt44,
  fileTemplate,
  KIND_GIFT_WRAP,
  KIND_SEAL,
  makeRumor,
  type NostrPerson,
  openFile,
  type PrivateMessage,
  sealFile,
  signEvent,
  textTemplate,
} from '../src/portable.js'
import { keyOf, keys, nostr } from './support/keys.js'
import { components, type RunningRelay, startRelay } from './support/relay.js'

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

async function relay(): Promise<RunningRelay> {
  const started = await startRelay()
  ending.push(started.stop)
  return started
}

function person(byte: number, ...at: RunningRelay[]): NostrPerson {
  const urls = at.map(({ url }) => url)
  const made = nostrPerson(urls, components, { key: keyOf(byte) })
  ending.push(made.close)
  return made
}

async function next(of: NostrPerson, count = 1): Promise<PrivateMessage[]> {
  const got: PrivateMessage[] = []
  for await (const message of of.messages({ signal: AbortSignal.timeout(5_000) }))
    if (got.push(message) === count) break
  return got
}

const now = Math.floor(Date.now() / 1000)
const wrapsAt = ({ events }: RunningRelay): string[][] =>
  [...events.values()].filter(({ kind }) => kind === KIND_GIFT_WRAP).flatMap(({ tags }) => tags)

describe('a person', () => {
  it('writes to several, each at the relays that they list and nowhere else, and keeps a copy', async () => {
    const [home, bens, cems] = [await relay(), await relay(), await relay()]
    const [ada, ben, cem] = [person(1, home), person(2, bens, home), person(3, cems)]
    await Promise.all([ada.announce(), ben.announce()])
    for (const event of [...home.events.values()].filter(({ pubkey }) => pubkey === ben.publicKey))
      expect(event.tags).toEqual([
        ['relay', `${bens.url}/`],
        ['relay', `${home.url}/`],
      ])
    // Where people look for lists is not where they read: Cem's list lies at Ada's relay too.
    await cem.announce()
    for (const event of cems.events.values()) home.events.set(event.id, event)
    const first = await ada.send(
      textTemplate('come over', { recipients: [ben.publicKey, cem.publicKey], now }),
    )
    for (const reader of [ben, cem, ada])
      expect(await next(reader)).toMatchObject([
        {
          kind: 'text',
          id: first,
          text: 'come over',
          author: ada.publicKey,
          recipients: [ben.publicKey, cem.publicKey],
        },
      ])
    expect(wrapsAt(cems)).toEqual([['p', cem.publicKey]])
    expect(wrapsAt(bens)).toEqual([['p', ben.publicKey]])
    expect(new Set(wrapsAt(home).map(([, who]) => who))).toEqual(new Set([ada.publicKey, ben.publicKey]))
    const answer = textTemplate('on my way', { recipients: [ada.publicKey], now: now + 1, replyTo: first })
    await ben.send(answer)
    // Wraps are dated back at random, so what waits comes in any order.
    const both = await next(ada, 2)
    expect(both.find(({ author }) => author === ben.publicKey)).toMatchObject({
      text: 'on my way',
      replyTo: first,
      author: ben.publicKey,
    })
  })

  it('sends a file that its reader can open', async () => {
    const home = await relay()
    const [ada, ben] = [person(1, home), person(2, home)]
    await ben.announce()
    const picture = crypto.randomBytes(3_000)
    const { sealed, ...secrets } = sealFile(crypto, picture)
    const file = { url: 'https://files.example/1', mediaType: 'image/png', ...secrets }
    await ada.send(fileTemplate(file, { recipients: [ben.publicKey], now }))
    const [message] = await next(ben)
    if (message?.kind !== 'file') throw new Error('no file came')
    expect(message.file.mediaType).toBe('image/png')
    expect(openFile(crypto, message.file, sealed)).toEqual(picture)
  })

  it('sends nothing to anybody when one of them lists no relays', async () => {
    const home = await relay()
    const [ada, ben, cem] = [person(1, home), person(2, home), person(3, home)]
    await ben.announce()
    const template = textTemplate('hello', { recipients: [ben.publicKey, cem.publicKey], now })
    await expect(ada.send(template)).rejects.toMatchObject({ code: 'nostr/no-message-relays' })
    expect(wrapsAt(home)).toEqual([])
  })

  it('hostile 43: passes over what is no message or speaks for another, and reads on', async () => {
    const home = await relay()
    const [ada, ben] = [person(1, home), person(2, home)]
    await ben.announce()
    const pool = nostrPool([home.url], components)
    ending.push(pool.close)
    const [eve, once] = [keyOf(7), keyOf(8)]
    const rumor = makeRumor(
      nostr,
      ada.publicKey,
      textTemplate('I am Ada', { recipients: [ben.publicKey], now }),
    )
    const seal = signEvent(nostr, eve, {
      kind: KIND_SEAL,
      created_at: now,
      tags: [],
      content: encrypt44(nostr, keys.with(eve, ben.publicKey), JSON.stringify(rumor)),
    })
    const wrap = (content: string, created_at: number): Promise<void> => {
      const tags = [['p', ben.publicKey]]
      return pool.publish(signEvent(nostr, once, { kind: KIND_GIFT_WRAP, created_at, tags, content }))
    }
    await wrap(encrypt44(nostr, keys.with(once, ben.publicKey), JSON.stringify(seal)), now - 2)
    await wrap('no payload', now - 1)
    await ada.send(textTemplate('it is me', { recipients: [ben.publicKey], now }))
    expect(await next(ben)).toMatchObject([{ text: 'it is me', author: ada.publicKey }])
  })
})
