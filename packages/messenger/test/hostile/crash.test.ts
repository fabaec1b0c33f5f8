/** The process dies at every commit of its store, just before and just after it; nothing is lost, nothing twice. */
import { type Clock, systemClock } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { createMessenger, type Messenger, memoryNetwork } from '../../src/index.js'
import { mortalStore } from '../mortal-store.js'
import { collectEvents, memoryWitness, survivingStore } from '../nodes.js'

const TEXTS = ['one', 'two']
const MAX_COMMITS = 200
const SOON_MS = 5_000

/** Waits are cut short: a dead process would otherwise be waited for. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal, background) =>
    systemClock.sleep(background ? ms : Math.min(ms, 50), signal, background),
}

async function historyOf(node: Messenger, peer: Messenger): Promise<(string | undefined)[]> {
  return (await (await node.conversation(peer.id)).history()).map((message) => message.text)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + SOON_MS
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Runs `scenario` with a crash at commit 1, 2, 3, … until one run ends without reaching its crash. */
async function atEveryCommit(
  scenario: (at: number, when: 'before' | 'after') => Promise<boolean>,
): Promise<number> {
  for (let at = 1; at <= MAX_COMMITS; at++) {
    const crashed = [await scenario(at, 'before'), await scenario(at, 'after')]
    if (!crashed.includes(true)) return at
  }
  throw new Error('the scenario never ran to its end')
}

describe('crashes', () => {
  it('hostile 30: a recipient that dies at any commit logs every message once', {
    timeout: 120_000,
  }, async () => {
    const commits = await atEveryCommit(async (at, when) => {
      const net = memoryNetwork()
      const disk = memoryStore()
      const witness = memoryWitness()
      const alice = await createMessenger({ clock, transports: [net()] })
      const first = await createMessenger({
        clock,
        transports: [net()],
        store: survivingStore(disk),
        witness,
      })
      await first.close()
      const mortal = mortalStore(disk)
      const death = mortal.arm(at, when)
      const bob = await createMessenger({ clock, transports: [net()], store: mortal.store, witness }).catch(
        () => undefined,
      )
      const chat = await alice.conversation(first.id)
      for (const text of TEXTS) await chat.send(text)
      const done =
        bob && until(async () => (await historyOf(bob, alice)).length === TEXTS.length).catch(() => {})
      await Promise.race([death, done])
      const crashed = mortal.isDead()
      await bob?.close().catch(() => {})
      const again = await createMessenger({
        clock,
        transports: [net()],
        store: survivingStore(disk),
        witness,
      })
      const copies = collectEvents(again, 'rolled-back')
      await until(async () => (await historyOf(again, alice)).length >= TEXTS.length)
      expect(await historyOf(again, alice)).toEqual(TEXTS)
      await chat.send('last')
      await until(async () => (await historyOf(again, alice)).length > TEXTS.length)
      expect(await historyOf(again, alice)).toEqual([...TEXTS, 'last'])
      await Promise.all([again.close(), alice.close()])
      expect(copies).toEqual([])
      return crashed
    })
    expect(commits).toBeGreaterThan(TEXTS.length)
  })

  it('hostile 30: a sender that dies at any commit sends every queued message once', {
    timeout: 120_000,
  }, async () => {
    const commits = await atEveryCommit(async (at, when) => {
      const net = memoryNetwork()
      const disk = memoryStore()
      const witness = memoryWitness()
      const bob = await createMessenger({ clock, transports: [net()] })
      const mortal = mortalStore(disk)
      const death = mortal.arm(at, when)
      const alice = await createMessenger({ clock, transports: [net()], store: mortal.store, witness }).catch(
        () => undefined,
      )
      const queued = alice === undefined ? [] : await sendAll(alice, bob).catch(() => [])
      const settled =
        queued.length === TEXTS.length &&
        until(async () => (await historyOf(bob, alice as Messenger)).length === TEXTS.length).catch(() => {})
      await Promise.race([death, settled])
      const crashed = mortal.isDead()
      await alice?.close().catch(() => {})
      const again = await createMessenger({
        clock,
        transports: [net()],
        store: survivingStore(disk),
        witness,
      })
      const copies = collectEvents(again, 'rolled-back')
      const mine = await historyOf(again, bob)
      expect(mine).toEqual(TEXTS.slice(0, mine.length))
      await until(async () => mine.length === 0 || (await historyOf(bob, again)).length >= mine.length)
      await (await again.conversation(bob.id)).send('last')
      await until(async () => (await historyOf(bob, again)).includes('last'))
      expect(await historyOf(bob, again)).toEqual([...mine, 'last'])
      await Promise.all([again.close(), bob.close()])
      expect(copies).toEqual([])
      return crashed
    })
    expect(commits).toBeGreaterThan(TEXTS.length)
  })
})

async function sendAll(from: Messenger, to: Messenger): Promise<string[]> {
  const chat = await from.conversation(to.id)
  for (const text of TEXTS) await chat.send(text)
  return TEXTS
}
