// The whole node in a browser: the ten lines, a relay, a group, a file, and a store that outlives the page's node.
import { createMessenger, type IncomingMessage, type Messenger, memoryNetwork } from '@hyphae/messenger'
import { levelStore } from '@hyphae/store/level'
import { relay } from '@hyphae/transport-relay'
import { expect, inject, it, onTestFinished } from 'vitest'

const PATIENCE_MS = 30_000

async function overRelay(): Promise<Messenger> {
  const node = await createMessenger({ transports: [relay(inject('relayUrl'))] })
  onTestFinished(() => node.close())
  return node
}

async function next(node: Messenger): Promise<IncomingMessage> {
  for await (const message of node.messages({ signal: AbortSignal.timeout(PATIENCE_MS) })) return message
  throw new Error('no message came in time')
}

async function joined(node: Messenger): Promise<void> {
  for await (const event of node.events({ signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (event.type === 'group-joined') return
  }
}

it('the ten lines', async () => {
  const net = memoryNetwork()
  const alice = await createMessenger({ transports: [net()] })
  const bob = await createMessenger({ transports: [net()] })
  const chat = await alice.conversation(bob.id)
  await chat.send('hello')
  const shown: unknown[] = []
  for await (const message of bob.messages()) {
    shown.push(message.text)
    break
  }
  expect(shown).toEqual(['hello'])
  await Promise.all([alice.close(), bob.close()])
})

it('two nodes and a file over a real relay', async () => {
  const [alice, bob] = await Promise.all([overRelay(), overRelay()])
  const chat = await alice.conversation(bob.id)
  const sent = await chat.send('over the wire')
  expect((await next(bob)).text).toBe('over the wire')
  await alice.reached(sent.id, 'delivered')
  const data = new Uint8Array(20_000).map((_, i) => i % 256)
  await chat.sendFile({ name: 'spores.bin', data: new Blob([data]) })
  expect(await bob.downloadFile(await next(bob))).toEqual(data)
})

it('a group of three over a real relay', async () => {
  const [ada, ben, cleo] = await Promise.all([overRelay(), overRelay(), overRelay()])
  const joins = Promise.all([joined(ben), joined(cleo)])
  const group = await ada.createGroup({ name: 'harvest', members: [ben.id, cleo.id] })
  await joins
  await group.send('meet at noon')
  expect((await next(ben)).text).toBe('meet at noon')
  await group.remove([cleo.id])
  await (await ben.group(group.id)).send('for two')
  expect((await next(ada)).text).toBe('for two')
  expect((await next(cleo)).text).toBe('meet at noon')
  expect(await group.members()).not.toContain(cleo.id)
})

it('keeps account, session and messages in IndexedDB across restarts', async () => {
  const name = `hyphae-${crypto.randomUUID()}`
  const key = crypto.getRandomValues(new Uint8Array(32))
  const open = async (): Promise<Messenger> =>
    createMessenger({ transports: [relay(inject('relayUrl'))], store: await levelStore(name, { key }) })
  const bob = await overRelay()
  const first = await open()
  const toAlice = await bob.conversation(first.id)
  await toAlice.send('before')
  expect((await next(first)).text).toBe('before')
  await first.close()
  await toAlice.send('while away')
  const again = await open()
  expect(again.id).toBe(first.id)
  expect((await next(again)).text).toBe('while away')
  const history = await (await again.conversation(bob.id)).history()
  expect(history.map((message) => message.text)).toEqual(['before', 'while away'])
  await again.close()
})
