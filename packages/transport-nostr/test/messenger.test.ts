/** Whole nodes over relays of Nostr alone: people, mail and groups; nothing of Hyphae runs anywhere but in the nodes. */
import type { Mailbox, Transport } from '@hyphae/core'
import { createMessenger, type IncomingMessage, type Messenger } from '@hyphae/messenger'
import { memoryStore } from '@hyphae/store'
import { afterEach, expect, it } from 'vitest'
import { nostr } from '../src/index.node.js'
import { startRelay } from './support/relay.js'

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

async function person(...relays: { readonly url: string }[]): Promise<Messenger> {
  const messenger = await createMessenger({ transports: [nostr(relays.map(({ url }) => url))] })
  ending.push(() => messenger.close())
  return messenger
}

async function next(node: Messenger): Promise<IncomingMessage> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(10_000) })) return message
  throw new Error('no message came in time')
}

async function joined(node: Messenger): Promise<Awaited<ReturnType<Messenger['group']>>> {
  for await (const event of node.events()) if (event.type === 'group-joined') return node.group(event.group)
  throw new Error('never joined')
}

it('three messengers find each other, talk and keep a group over two relays of another maker', async () => {
  const relays = [await startRelay(), await startRelay()] as const
  ending.push(...relays.map(({ stop }) => stop))
  const [ada, ben, cem] = [await person(...relays), await person(...relays), await person(...relays)]
  await (await ada.conversation(ben.id)).send('over Nostr alone')
  expect(await next(ben)).toMatchObject({ text: 'over Nostr alone', from: ada.id })
  await (await ben.conversation(ada.id)).send('and back')
  expect((await next(ada)).text).toBe('and back')

  const invited = Promise.all([joined(ben), joined(cem)])
  const group = await ada.createGroup({ name: 'harvest', members: [ben.id, cem.id] })
  const [, cems] = await invited
  await group.send('meet at noon')
  expect((await next(ben)).text).toBe('meet at noon')
  expect((await next(cem)).text).toBe('meet at noon')
  await cems.send('I bring bread')
  expect((await next(ada)).text).toBe('I bring bread')
  expect(await next(ben)).toMatchObject({ text: 'I bring bread', from: cem.id })

  const kinds = new Set(relays.flatMap(({ events }) => [...events.values()].map(({ kind }) => kind)))
  expect([...kinds].sort()).toEqual([1059, 30078])
}, 20_000)

it('a node that starts again is given everything again by its relays, and shows each message once', async () => {
  const relays = [await startRelay(), await startRelay()] as const
  ending.push(...relays.map(({ stop }) => stop))
  const urls = relays.map(({ url }) => url)
  const disk = memoryStore()
  const store = { ...disk, close: async () => {} }
  /** Counts the frames that the carrier gives to the node in this life. */
  const start = async () => {
    const given = { frames: 0 }
    const counted: Transport = async (components) => {
      const carrier = await nostr(urls)(components)
      const { mailbox } = carrier as { mailbox: Mailbox }
      const watch: Mailbox['watch'] = async function* (box, options) {
        for await (const delivery of mailbox.watch(box, options)) {
          given.frames += 1
          yield delivery
        }
      }
      return { ...carrier, mailbox: { ...mailbox, watch } }
    }
    return { node: await createMessenger({ transports: [counted], store }), given }
  }
  const texts = async (node: Messenger, last: string): Promise<(string | undefined)[]> => {
    const got: (string | undefined)[] = []
    for await (const { text } of node.messages({ signal: AbortSignal.timeout(15_000) }))
      if (got.push(text) && text === last) break
    return got
  }
  const ada = await person(...relays)
  const first = await start()
  const chat = await ada.conversation(first.node.id)
  for (let number = 0; number < 5; number++) await chat.send(`${number}`)
  expect(await texts(first.node, '4')).toEqual(['0', '1', '2', '3', '4'])
  await (await first.node.conversation(ada.id)).send('all here')
  expect((await next(ada)).text).toBe('all here')
  await first.node.close()

  // Said while it is away; its relays have kept all the rest, and it has forgotten what it had acknowledged.
  await chat.send('5')
  const second = await start()
  ending.push(() => second.node.close())
  expect(await texts(second.node, '5')).toEqual(['5'])
  await chat.send('6')
  expect(await texts(second.node, '6')).toEqual(['6'])
  expect(second.given.frames).toBeGreaterThan(6)
  const history = await (await second.node.conversation(ada.id)).history()
  const shown = history.map(({ text }) => text).filter((text) => text !== 'all here')
  expect(shown.sort()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
}, 40_000)
