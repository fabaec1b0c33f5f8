/** Receipts of a node that sends in slots: they leave together, and none is left behind. */
import type { Store } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { expect, it } from 'vitest'
import { COVERED_MS } from '../src/limits.js'
import { unconfirmedTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import { next, nextTexts, openNode, survivingStore, until } from './nodes.js'

const clock = fastClock(8_000)
const strict = { mode: 'strict', clock } as const
const TEXTS = Array.from({ length: 24 }, (_, index) => `${index}`)

/** A store that tells how often a frame was queued in it. */
function counted(): { readonly disk: Store; readonly queued: () => number } {
  const store = survivingStore(memoryStore())
  const numbers = new Set<unknown>()
  const transact: Store['transact'] = (work) =>
    store.transact((tx) =>
      work({
        ...tx,
        get: (key) => tx.get(key),
        list: (prefix, options) => tx.list(prefix, options),
        put: (key, value) => {
          if (key[0] === 'outbox') numbers.add(key[1])
          tx.put(key, value)
        },
        delete: (key) => tx.delete(key),
      }),
    )
  return { disk: { ...store, transact }, queued: () => numbers.size }
}

async function pair(disk: Store) {
  const net = crowdNetwork(0)
  // Alice sends at once and Bob in slots, so that he hears much between two of his slots for her.
  const alice = await openNode(net.transport(), { ...strict, cover: 'off' })
  const bob = await openNode(net.transport(), { ...strict, cover: 'high', store: disk })
  const chat = await alice.conversation(bob.id)
  await chat.send('hello')
  await next(bob)
  await (await bob.conversation(alice.id)).send('hello too')
  await next(alice)
  await bob.flush()
  return { net, alice, bob, chat }
}

it('confirms many messages with few frames, and flush waits for them', async () => {
  const { disk, queued } = counted()
  const { alice, bob, chat } = await pair(disk)
  const before = queued()
  const sent = await Promise.all(TEXTS.map((text) => chat.send(text)))
  await nextTexts(bob, TEXTS.length)
  await bob.flush()
  expect(await unconfirmedTable.list(disk, [])).toEqual([])
  await Promise.all(sent.map(({ id }) => alice.reached(id, 'delivered')))
  expect(queued() - before).toBeGreaterThan(0)
  expect(queued() - before).toBeLessThan(TEXTS.length / 2)
})

it('confirms what waited when the node was closed, also when it comes back without slots', async () => {
  const disk = survivingStore(memoryStore())
  const { net, alice, bob, chat } = await pair(disk)
  const sent = await Promise.all(TEXTS.map((text) => chat.send(text)))
  await until(async () => (await unconfirmedTable.list(disk, [])).length > 0)
  await bob.close()
  const again = await openNode(net.transport(), { ...strict, cover: 'off', store: disk })
  await nextTexts(again, TEXTS.length)
  await Promise.all(sent.map(({ id }) => alice.reached(id, 'delivered')))
})

it('confirms at once to those who get no cover any more', async () => {
  const disk = survivingStore(memoryStore())
  const { alice, bob, chat } = await pair(disk)
  clock.forward(COVERED_MS)
  const sent = await chat.send('after a week')
  await next(bob)
  await alice.reached(sent.id, 'delivered')
  expect(await unconfirmedTable.list(disk, [])).toEqual([])
})
