/** An old copy of a node's store comes back, real LevelDB folders. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MailboxPut, Transport } from '@hyphae/core'
import { levelStore } from '@hyphae/store/level'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createMessenger,
  type Messenger,
  type MessengerEvent,
  memoryNetwork,
  type Witness,
} from '../../src/index.js'
import { eventOf, memoryWitness, next, nextTexts, openNode, repeatedKeys, tapped } from '../nodes.js'

const KEY = new Uint8Array(32).fill(9)
interface Home {
  readonly puts: MailboxPut[]
  /** With another witness, or none, if one is given. */
  open(witness?: Witness | null): Promise<Messenger>
  /** Keeps a copy of the closed store. */
  copy(): Promise<void>
  /** Puts the copy in its place. */
  restore(): Promise<void>
}

async function makeHome(transport: Transport, usual?: Witness): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-rollback-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [store, kept] = [join(folder, 'store'), join(folder, 'copy')]
  const puts: MailboxPut[] = []
  return {
    puts,
    open: async (witness = usual ?? null) => {
      const node = await createMessenger({
        transports: [tapped(transport, puts)],
        store: await levelStore(store, { key: KEY }),
        ...(witness && { witness }),
      })
      onTestFinished(() => node.close())
      return node
    },
    copy: () => cp(store, kept, { recursive: true }),
    restore: async () => {
      await rm(store, { recursive: true })
      await cp(kept, store, { recursive: true })
    },
  }
}

/** Bob's store is copied right after he sent in a chain that he goes on with, and comes back after he did. */
async function rollBack(home: Home, alice: Messenger): Promise<void> {
  const first = await home.open()
  await (await alice.conversation(first.id)).send('hello')
  expect((await next(first)).text).toBe('hello')
  await (await first.conversation(alice.id)).send('b1')
  await first.flush()
  await first.close()
  await home.copy()
  const second = await home.open()
  await (await second.conversation(alice.id)).send('b2')
  await second.flush()
  await second.close()
  await home.restore()
}

describe('an old copy of the store', () => {
  it('hostile 31: would use keys again, were there no witness', async () => {
    const net = memoryNetwork()
    const home = await makeHome(net())
    const alice = await openNode(net())
    await rollBack(home, alice)
    const bob = await home.open()
    await (await bob.conversation(alice.id)).send('b3')
    await bob.flush()
    expect(repeatedKeys(home.puts)).toBe(1)
  })

  it('hostile 31: is noticed, told, never sent from, and left for new sessions by both sides', async () => {
    const net = memoryNetwork()
    const home = await makeHome(net(), memoryWitness())
    const alice = await openNode(net())
    await rollBack(home, alice)
    const begun = eventOf(alice, 'session')
    const bob = await home.open()
    const told: MessengerEvent[] = []
    for await (const event of bob.events()) {
      told.push(event)
      break
    }
    expect(told).toEqual([{ type: 'rolled-back' }])
    // Bob has nothing to say, and begins a session with everyone he knew all the same.
    expect(await begun).toMatchObject({ by: 'peer', account: bob.id })
    await (await alice.conversation(bob.id)).send('a2')
    expect((await next(bob)).text).toBe('a2')
    await (await bob.conversation(alice.id)).send('b3')
    await bob.flush()
    expect((await nextTexts(alice, 3)).sort()).toEqual(['b1', 'b2', 'b3'])
    expect(repeatedKeys(home.puts)).toBe(0)
    await bob.close()

    const again = await home.open()
    await (await again.conversation(alice.id)).send('b4')
    expect((await next(alice)).text).toBe('b4')
    const [health] = await (await again.conversation(alice.id)).health()
    expect(health?.confirmed).toBe(true)
  })

  it('hostile 31: leaves its groups, and can be taken in again', async () => {
    const net = memoryNetwork()
    const home = await makeHome(net(), memoryWitness())
    const alice = await openNode(net())
    const first = await home.open()
    const joined = eventOf(first, 'group-joined')
    const group = await alice.createGroup({ name: 'g', members: [first.id] })
    await joined
    await first.close()
    await home.copy()
    const second = await home.open()
    await (await second.group(group.id)).send('newer')
    await second.flush()
    await second.close()
    await home.restore()

    const bob = await home.open()
    const [mine] = await bob.groups()
    expect(await mine?.isActive()).toBe(false)
    await expect(mine?.send('from an old epoch')).rejects.toMatchObject({ code: 'messenger/left-group' })
    await group.remove([bob.id])
    const rejoined = eventOf(bob, 'group-joined')
    // At once, perhaps in the session that Bob cannot read: then it comes again in the new one.
    await group.add([bob.id])
    await rejoined
    await (await bob.group(group.id)).send('back')
    expect((await nextTexts(alice, 2)).sort()).toEqual(['back', 'newer'])
  })

  it('hostile 31: is not opened without the witness that it was written with', async () => {
    const net = memoryNetwork()
    const home = await makeHome(net(), memoryWitness())
    await (await home.open()).close()
    await expect(home.open(null)).rejects.toMatchObject({ code: 'ratchet/witness-failed' })
    const silent: Witness = {
      read: () => Promise.reject(new Error('gone')),
      advance: async () => {},
    }
    await expect(home.open(silent)).rejects.toMatchObject({ code: 'ratchet/witness-failed' })
    await (await home.open()).close()
  })
})
