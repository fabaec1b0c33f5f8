/** The process dies at every commit of its store, just before and just after it; nothing is lost, nothing twice. */
import { type Clock, type Store, systemClock } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { createMessenger, type Messenger, memoryNetwork } from '../../src/index.js'
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

interface Crash {
  readonly store: Store
  readonly happened: Promise<void>
  readonly hasHappened: () => boolean
}

/** A store that dies at its `at`-th commit: before anything is written, or right after all is. */
function crashingStore(disk: Store, at: number, when: 'before' | 'after'): Crash {
  let commits = 0
  let dead = false
  let die: () => void = () => {}
  const happened = new Promise<void>((resolve) => {
    die = resolve
  })
  const alive = (): void => {
    if (dead) throw new Error('the process is dead')
  }
  const crash = (): never => {
    dead = true
    die()
    throw new Error('the process died')
  }
  const store = survivingStore({
    ...disk,
    get: async (key) => {
      alive()
      return disk.get(key)
    },
    list: async (prefix, options) => {
      alive()
      return disk.list(prefix, options)
    },
    transact: async (work) => {
      alive()
      const last = ++commits === at
      const result = await disk.transact(async (tx) => {
        const value = await work(tx)
        alive()
        return last && when === 'before' ? crash() : value
      })
      return last ? crash() : result
    },
  })
  return { store, happened, hasHappened: () => dead }
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
      const crash = crashingStore(disk, at, when)
      const bob = await createMessenger({ clock, transports: [net()], store: crash.store, witness }).catch(
        () => undefined,
      )
      const chat = await alice.conversation(first.id)
      for (const text of TEXTS) await chat.send(text)
      const done =
        bob && until(async () => (await historyOf(bob, alice)).length === TEXTS.length).catch(() => {})
      await Promise.race([crash.happened, done])
      const crashed = crash.hasHappened()
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
      const crash = crashingStore(disk, at, when)
      const alice = await createMessenger({ clock, transports: [net()], store: crash.store, witness }).catch(
        () => undefined,
      )
      const queued = alice === undefined ? [] : await sendAll(alice, bob).catch(() => [])
      const settled =
        queued.length === TEXTS.length &&
        until(async () => (await historyOf(bob, alice as Messenger)).length === TEXTS.length).catch(() => {})
      await Promise.race([crash.happened, settled])
      const crashed = crash.hasHappened()
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
