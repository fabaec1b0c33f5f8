/** Sessions that one side has lost are given up for new ones, and nothing that was sent is lost with them. */

import { type Store, type StoreKey, type Transport, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { createAccount } from '@hyphae/identity'
import { ARCHIVED_SESSION_TTL_MS, UNACKNOWLEDGED_TTL_MS, UNANSWERED_MS } from '@hyphae/ratchet/sessions'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { type MessengerOptions, memoryNetwork } from '../src/index.js'
import { boxesTable } from '../src/rows.js'
import {
  collectEvents,
  losing,
  movableClock,
  next,
  nextTexts,
  openNode,
  survivingStore,
  until,
} from './nodes.js'

const SESSION_TABLES = ['meta', 'peer', 'session', 'prekeys', 'one-time', 'seen']
const DAY_MS = 24 * 60 * 60 * 1000

/** All that was ratcheted is gone; the device's keys and its log are not. */
async function loseSessions(store: Store): Promise<void> {
  await store.transact(async (tx) => {
    for (const name of SESSION_TABLES)
      for (const { key } of await tx.list([`ratchet-${name}`] as StoreKey)) tx.delete(key)
  })
}

describe('renewal', () => {
  it('hostile 9: what was sent to a peer that lost its sessions and never writes comes through', async () => {
    const net = memoryNetwork()
    const clock = movableClock()
    const alice = await openNode(net(), { clock })
    const disk = survivingStore(memoryStore())
    const first = await openNode(net(), { store: disk })
    const chat = await alice.conversation(first.id)
    await chat.send('before')
    expect((await next(first)).text).toBe('before')
    await first.flush()
    await first.close()
    await loseSessions(disk)

    const bob = await openNode(net(), { store: disk })
    const lost = [await chat.send('lost 1'), await chat.send('lost 2')]
    await alice.flush()
    const begun = collectEvents(alice, 'session')
    await chat.send('too soon to give up')
    expect(begun).toEqual([])
    clock.forward(UNANSWERED_MS + 1)
    await chat.send('heard')
    const texts = await nextTexts(bob, 4)
    expect(texts.sort()).toEqual(['heard', 'lost 1', 'lost 2', 'too soon to give up'])
    for (const { id } of lost) await alice.reached(id, 'delivered')
    expect(begun).toMatchObject([{ by: 'self', account: bob.id, device: bob.deviceId }])
    await (await bob.conversation(alice.id)).send('and back')
    expect((await next(alice)).text).toBe('and back')
  })

  it('sends again to the device an account has instead of the one that was lost', async () => {
    const net = memoryNetwork()
    const clock = movableClock()
    const account = createAccount(defaultCrypto)
    const alice = await openNode(net(), { clock })
    const first = await openNode(net(), { account })
    const chat = await alice.conversation(first.id)
    await chat.send('before')
    expect((await next(first)).text).toBe('before')
    await first.flush()
    await first.close()

    const bob = await openNode(net(), { account })
    expect(bob.deviceId).not.toBe(first.deviceId)
    const lost = await chat.send('lost')
    clock.forward(UNANSWERED_MS + 1)
    await chat.send('heard')
    expect((await nextTexts(bob, 2)).sort()).toEqual(['heard', 'lost'])
    await alice.reached(lost.id, 'delivered')
  })

  it('sends at once to a new device of the account that writes first', async () => {
    const net = memoryNetwork()
    const account = createAccount(defaultCrypto)
    const alice = await openNode(net())
    const first = await openNode(net(), { account })
    const chat = await alice.conversation(first.id)
    await chat.send('confirmed')
    expect((await next(first)).text).toBe('confirmed')
    await first.flush()
    await until(async () =>
      (await alice.conversation(first.id)).health().then(([one]) => one?.confirmed ?? false),
    )
    await first.close()
    const lost = await chat.send('lost')
    await alice.flush()

    const bob = await openNode(net(), { account })
    await (await bob.conversation(alice.id)).send('hello from a new phone')
    expect((await next(alice)).text).toBe('hello from a new phone')
    expect((await next(bob)).text).toBe('lost')
    await alice.reached(lost.id, 'delivered')
  })

  it('hostile 17: two first handshakes that cross and are both lost end in one session', async () => {
    const net = memoryNetwork()
    const clock = movableClock()
    const lose = (): MessengerOptions['transports'][number] => {
      let puts = 0
      return losing(net(), () => ++puts === 1)
    }
    const [alice, bob] = [await openNode(lose(), { clock }), await openNode(lose(), { clock })]
    const [toBob, toAlice] = [await alice.conversation(bob.id), await bob.conversation(alice.id)]
    await Promise.all([toBob.send('a0'), toAlice.send('b0')])
    await Promise.all([alice.flush(), bob.flush()])
    await Promise.all([toBob.send('a1'), toAlice.send('b1')])
    await Promise.all([alice.flush(), bob.flush()])
    clock.forward(UNANSWERED_MS + 1)
    await Promise.all([toBob.send('a2'), toAlice.send('b2')])
    expect((await nextTexts(bob, 3)).sort()).toEqual(['a0', 'a1', 'a2'])
    expect((await nextTexts(alice, 3)).sort()).toEqual(['b0', 'b1', 'b2'])
    const begun = [collectEvents(alice, 'session'), collectEvents(bob, 'session')]
    for (let round = 0; round < 5; round++) {
      clock.forward(UNANSWERED_MS + 1)
      await toBob.send(`a${round}`)
      expect((await next(bob)).text).toBe(`a${round}`)
      await toAlice.send(`b${round}`)
      expect((await next(alice)).text).toBe(`b${round}`)
    }
    expect(begun).toEqual([[], []])
  })

  it('begins few sessions with a peer that is away, and stops sending in one that was never answered', async () => {
    const net = memoryNetwork()
    const clock = movableClock()
    const alice = await openNode(net(), { clock })
    const store = survivingStore(memoryStore())
    const first = await openNode(net(), { clock, store })
    await first.close()
    const chat = await alice.conversation(first.id)
    const begun = collectEvents(alice, 'session')
    const sent: string[] = []
    const say = async (): Promise<void> => {
      const text = `m${sent.length}`
      sent.push(text)
      await chat.send(text)
    }
    for (let hour = 0; hour < 48; hour++) {
      await say()
      clock.forward(UNANSWERED_MS)
    }
    expect(begun.length).toBeGreaterThan(1)
    expect(begun.length).toBeLessThanOrEqual(7)
    const before = begun.length
    clock.forward(UNACKNOWLEDGED_TTL_MS)
    await say()
    expect(begun.length).toBe(before + 1)
    const bob = await openNode(net(), { clock, store })
    expect(new Set(await nextTexts(bob, sent.length))).toEqual(new Set(sent))
  })

  it('reads the box of an archived session no longer when its time is over', async () => {
    const net = memoryNetwork()
    const clock = movableClock()
    const [disk, lossy] = [survivingStore(memoryStore()), survivingStore(memoryStore())]
    const first = await openNode(net(), { clock, store: lossy })
    const bob = await openNode(net(), { clock, store: disk })
    await (await first.conversation(bob.id)).send('one')
    expect((await next(bob)).text).toBe('one')
    await first.close()
    await loseSessions(lossy)
    const alice = await openNode(net(), { clock, store: lossy })
    await (await alice.conversation(bob.id)).send('two')
    expect((await next(bob)).text).toBe('two')
    await bob.close()

    const read = async (): Promise<{ kept: number; watched: number }> => {
      const watched = new Set<string>()
      const again = await openNode(watching(net(), watched), { clock, store: disk })
      await (await alice.conversation(bob.id)).send('more')
      expect((await next(again)).text).toBe('more')
      await again.close()
      return { kept: (await sessionsRead(disk)).size, watched: (await sessionsRead(disk, watched)).size }
    }
    expect(await read()).toEqual({ kept: 2, watched: 2 })
    clock.forward(ARCHIVED_SESSION_TTL_MS + DAY_MS)
    expect((await read()).kept).toBe(1)
    expect(await read()).toEqual({ kept: 1, watched: 1 })
  })
})

/** Notes which boxes are watched. */
function watching(transport: Transport, boxes: Set<string>): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    const watch: typeof mailbox.watch = (box, options) => {
      boxes.add(toHex(box.id))
      return mailbox.watch(box, options)
    }
    return { ...carrier, mailbox: { put: mailbox.put, fetch: mailbox.fetch, watch } }
  }
}

/** The sessions whose boxes are kept, or those of `watched`. */
async function sessionsRead(store: Store, watched?: ReadonlySet<string>): Promise<Set<string>> {
  const rows = await boxesTable.list(store, [])
  return new Set(
    rows.flatMap(({ parts, row }) =>
      row.kind === 'session' && (watched?.has(toHex(parts[0] as Uint8Array)) ?? true) ? [row.session] : [],
    ),
  )
}
