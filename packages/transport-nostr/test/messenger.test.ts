/** Whole nodes over relays of Nostr alone: people, mail and groups; nothing of Hyphae runs anywhere but in the nodes. */
import { createMessenger, type IncomingMessage, type Messenger } from '@hyphae/messenger'
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
