/** Sessions made without a one-time prekey: told, and refused where that is wanted. */
import type { Transport } from '@hyphae/core'
import { expect, it } from 'vitest'
import { PREKEY_STOCK } from '../src/handshake.js'
import { memoryNetwork } from '../src/index.js'
import { collectEvents, eventOf, next, openNode } from './nodes.js'

/** Somebody else takes all one-time prekeys first. */
function drained(transport: Transport): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const directory = carrier.directory
    if (directory === undefined) throw new Error('the network has a directory')
    const take: typeof directory.take = async (writer, kind, options) => {
      for (;;) {
        const item = await directory.take(writer, kind, options)
        if (item === undefined || item.lastResort || kind !== PREKEY_STOCK) return item
      }
    }
    return { ...carrier, directory: { ...directory, take } }
  }
}

it('hostile 15: a session says whether a one-time prekey protects its first messages', async () => {
  const net = memoryNetwork()
  const [alice, bob] = [await openNode(net()), await openNode(net())]
  const mallory = await openNode(drained(net()))
  const [atAlice, atBob, atMallory] = [alice, bob, mallory].map((node) => collectEvents(node, 'session'))
  await (await alice.conversation(bob.id)).send('with')
  expect((await next(bob)).text).toBe('with')
  await (await mallory.conversation(bob.id)).send('without')
  expect((await next(bob)).text).toBe('without')
  expect(atAlice).toEqual([
    { type: 'session', account: bob.id, device: bob.deviceId, by: 'self', oneTimePrekey: true },
  ])
  expect(atMallory).toMatchObject([{ account: bob.id, by: 'self', oneTimePrekey: false }])
  expect(atBob).toMatchObject([
    { account: alice.id, by: 'peer', oneTimePrekey: true },
    { account: mallory.id, by: 'peer', oneTimePrekey: false },
  ])
})

it('hostile 15: a node that requires one-time prekeys begins no session without, and can when there are some', async () => {
  const net = memoryNetwork()
  const bob = await openNode(net())
  const strict = await openNode(drained(net()), { requireOneTimePrekeys: true })
  const chat = await strict.conversation(bob.id)
  await expect(chat.send('refused')).rejects.toMatchObject({ code: 'ratchet/one-time-required' })
  expect(await chat.history()).toEqual([])
  const other = await openNode(net(), { requireOneTimePrekeys: true })
  const carol = await openNode(net())
  await (await other.conversation(carol.id)).send('taken')
  expect((await next(carol)).text).toBe('taken')
})

it('hostile 15: a node that requires one-time prekeys accepts no session without, and shows nothing of it', async () => {
  const net = memoryNetwork()
  const strict = await openNode(net(), { requireOneTimePrekeys: true })
  const alice = await openNode(net())
  const mallory = await openNode(drained(net()))
  const refused = eventOf(strict, 'refused')
  const begun = collectEvents(strict, 'session')
  await (await mallory.conversation(strict.id)).send('without')
  expect(await refused).toMatchObject({ where: 'intro', code: 'ratchet/one-time-required' })
  // The same peer may come back with one; until then it is not even a contact.
  expect(await strict.contacts()).toEqual([])
  expect(begun).toEqual([])
  const bob = await openNode(net())
  await (await alice.conversation(bob.id)).send('elsewhere')
  expect((await next(bob)).text).toBe('elsewhere')
})
